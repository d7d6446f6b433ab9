import Host
import JSON
import Machine
import Testing

@Suite("Profiles")
struct ProfileTests {
  private static func chain(_ name: String, _ files: [String: String]) throws -> ProfileChain {
    try ProfileChain(
      name, askedAt: Origin("qemuvm.json5:3:9"), known: { files.keys.sorted() },
      lookup: { name in files[name].map { (Array($0.utf8), "/etc/qemuvm/profiles/\(name).json5") } })
  }

  @Test("Every built-in profile is read and describes itself", arguments: BuiltinProfiles.names)
  func builtin(_ name: String) throws {
    let chain = try ProfileChain(name)
    #expect(chain.profiles[0].name == name)
    #expect(chain.profiles[0].description != nil)
  }

  @Test("What is built in are the files of the folder")
  func builtinFiles() throws {
    let folder = FileSystem.absolute("../../qemu-profiles", in: FileSystem.parent(of: #filePath))
    let names = try FileSystem.names(in: folder).filter { $0.hasSuffix(".json5") }.map {
      String($0.dropLast(6))
    }
    #expect(Set(names) == Set(BuiltinProfiles.names))
    for name in names {
      #expect(BuiltinProfiles.named(name) == (try FileSystem.read("\(folder)/\(name).json5")))
    }
  }

  @Test("A profile builds on the one it extends, and the chain goes on")
  func extends() throws {
    let chain = try Self.chain(
      "top",
      [
        "top": "{ extends: 'middle', cpus: 4 }", "middle": "{ extends: 'hello', cpus: 2, memory: '32M' }",
      ])
    #expect(chain.profiles.map(\.name) == ["top", "middle", "hello"])
    #expect(chain.settings.cpus == 4)
    #expect(chain.settings.memory == .mebibytes(32))
    #expect(chain.settings.firmware == .builtin("hello"))
    #expect(chain.origins["memory"]?.description == "/etc/qemuvm/profiles/middle.json5:1:38")
    #expect(chain.origins["machine"]?.file == "builtin:hello.json5")
  }

  @Test("A value keeps its place when the definition writes another member of its object")
  func originOfMember() throws {
    let files = ["p": "{ machine: { type: 'q53', usb: false } }"]
    let chain = try Self.chain("p", files)
    let written = try Example.definition("machine: { usb: true }")
    let flat = FlatDefinition(written, in: "/lab", over: chain)
    #expect(flat.origins["machine.type"]?.description == "/etc/qemuvm/profiles/p.json5:1:20")
    #expect(flat.origins["machine.usb"]?.description == "qemuvm.json5:1:32")
    let placeless = try VMDefinition(json: ["name": "web", "machine": ["usb": true]])
    #expect(FlatDefinition(placeless, in: "/lab", over: chain).origins["machine.usb"] == nil)
    let whole = try VMDefinition(json: ["name": "web", "machine": "pc"])
    #expect(FlatDefinition(whole, in: "/lab", over: chain).origins.nearest(to: "machine.type") == nil)
  }

  @Test("A profile that is found stands before a built-in one of its name")
  func override() throws {
    let chain = try Self.chain("hello", ["hello": "{ machine: 'q35', cpus: 3 }"])
    #expect(chain.settings.cpus == 3)
    #expect(chain.settings.firmware == nil)
  }

  @Test("A profile's relative paths start at its own folder")
  func paths() throws {
    let chain = try Self.chain("p", ["p": "{ kernel: 'boot/vmlinuz', disks: ['/abs.raw', './rel.raw'] }"])
    #expect(chain.settings.kernel == "/etc/qemuvm/profiles/boot/vmlinuz")
    #expect(chain.settings.disks?.map(\.file) == ["/abs.raw", "/etc/qemuvm/profiles/rel.raw"])
  }

  @Test(
    "A chain that cannot be followed is refused at the link that breaks",
    arguments: [
      (
        ["linx": "", "a": "{}"], "lnux",
        "qemuvm.json5:3:9: profile: unknown profile 'lnux'; did you mean 'linux'?"
      ),
      (
        [:], "zzzzz",
        "qemuvm.json5:3:9: profile: unknown profile 'zzzzz'; use alpine, debian-12, debian-13, fedora, freebsd, hello, iso, linux, "
          + "linux-uefi, microvm, ubuntu-24.04 or windows"
      ),
      (
        ["a": "{ extends: 'helo' }"], "a",
        "/etc/qemuvm/profiles/a.json5:1:12: extends: unknown profile 'helo'; did you mean 'hello'?"
      ),
      (
        ["a": "{ extends: 'b' }", "b": "{ extends: 'c' }", "c": "{ extends: 'a' }"], "a",
        "/etc/qemuvm/profiles/c.json5:1:12: extends: profiles extend each other in a circle: a -> b -> c -> a"
      ),
      (
        ["a": "{ extends: 'a' }"], "a",
        "/etc/qemuvm/profiles/a.json5:1:12: extends: profiles extend each other in a circle: a -> a"
      ),
      (
        ["a": "{ extend: 'b' }"], "a",
        "/etc/qemuvm/profiles/a.json5:1:3: extend: unknown key 'extend'; did you mean 'extends'?"
      ),
      (
        ["a": "{ profile: 'b' }"], "a",
        "/etc/qemuvm/profiles/a.json5:1:3: profile: a profile names the one below it with 'extends'"
      ),
      (
        ["a": "{ hardware: { hotplugPorts: 9 } }"], "a",
        "/etc/qemuvm/profiles/a.json5:1:29: hardware.hotplugPorts: the number of ports must be from 0 to 8, not 9"
      ),
      (["a": "{"], "a", "/etc/qemuvm/profiles/a.json5:1:2: expected a key or '}', found the end of the text"),
    ] as [([String: String], String, String)])
  func refuses(_ files: [String: String], _ name: String, _ message: String) {
    #expect {
      try Self.chain(name, files)
    } throws: {
      #expect("\($0)" == message)
      return $0 is DefinitionError
    }
  }
}
