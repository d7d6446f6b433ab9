import JSON
import Machine
import Testing

@Suite("Merging settings")
struct MergeTests {
  @Test(
    "What is written stands over the profile's, key by key",
    arguments: [
      (["cpus": 2], ["cpus": 1, "rng": true], ["cpus": 2, "rng": true]),
      ([:], ["cpus": 1], ["cpus": 1]),
      (["serial": false], [:], ["serial": false]),
      // Lists are replaced, not appended to.
      (["arguments": ["b"]], ["arguments": ["a"]], ["arguments": ["b"]]),
      (["disks": []], ["disks": [["file": "a.raw"]]], ["disks": []]),
      (["networks": "none"], ["networks": ["user"]], ["networks": []]),
      // Two ways to say one thing.
      (["memory": "1G"], ["memoryPerCPU": "512M"], ["memory": "1G"]),
      (["memoryPerCPU": "512M"], ["memory": "1G"], ["memoryPerCPU": "512M"]),
      // An object is merged member by member, a name replaces the whole.
      (
        ["machine": ["usb": true]], ["machine": ["type": "q35", "usb": false, "hpet": false]],
        ["machine": ["type": "q35", "hpet": "off", "usb": "on"]]
      ),
      (["machine": "pc"], ["machine": ["type": "q35", "usb": false]], ["machine": "pc"]),
      (["machine": ["usb": true]], ["machine": "pc"], ["machine": ["type": "pc", "usb": "on"]]),
      (
        ["restart": ["burst": 3]], ["restart": ["policy": "always", "burst": 5, "delay": "1s"]],
        ["restart": ["policy": "always", "burst": 3, "delay": "1s"]]
      ),
      (["restart": "no"], ["restart": ["policy": "always", "burst": 5]], ["restart": "no"]),
      (
        ["restart": ["delay": "2s"]], ["restart": "always"], ["restart": ["policy": "always", "delay": "2s"]]
      ),
    ] as [(JSONValue, JSONValue, JSONValue)])
  func merges(_ settings: JSONValue, _ base: JSONValue, _ expected: JSONValue) throws {
    let merged = try Settings(json: settings).merged(over: Settings(json: base))
    #expect(JSONValue.object(merged.json) == JSONValue.object(try Settings(json: expected).json))
    #expect(merged == (try Settings(json: expected)))
  }

  @Test("Merging over nothing, and nothing over it, changes no key")
  func identity() throws {
    let everything = try Everything.settings
    #expect(everything.merged(over: Settings()) == everything)
    #expect(Settings().merged(over: everything) == everything)
    #expect(everything.merged(over: everything) == everything)
  }

  @Test("Relative paths start at the definition's folder, absolute ones and names of programs stay")
  func anchors() throws {
    let settings = try Settings(json: [
      "kernel": "k", "initrd": "../i", "firmware": "./rom",
      "disks": [["file": "a/b.raw"], ["file": "/c.raw"]],
      "qemu": "bin/qemu",
    ]).anchored(in: "/lab")
    #expect(settings.kernel == "/lab/k")
    #expect(settings.initrd == "/lab/../i")
    #expect(settings.firmware == .file("/lab/rom"))
    #expect(settings.disks?.map(\.file) == ["/lab/a/b.raw", "/c.raw"])
    #expect(settings.qemu == "/lab/bin/qemu")
    #expect(
      try Settings(json: ["qemu": "qemu-system-x86_64"]).anchored(in: "/lab").qemu == "qemu-system-x86_64")
  }
}
