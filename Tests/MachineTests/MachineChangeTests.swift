import JSON
import Machine
import Testing

@Suite("What differs between two machines")
struct MachineChangeTests {
  private static func changes(from old: String, to new: String) throws -> [String] {
    let old = try Example.machine(old)
    let new = try Example.machine(new, after: old.addresses)
    return new.description.changes(from: old.description).map(\.description)
  }

  @Test(
    "is told device by device, whatever its place in a list",
    arguments: [
      ("cpus: 1, memory: '1G'", "cpus: 2, memory: '2G'", ["cpus: 1 -> 2", "memory: 1G -> 2G"]),
      ("disks: ['a.raw']", "disks: ['a.raw']", []),
      ("disks: ['a.raw']", "disks: ['a.raw', 'b.raw']", ["disk 'b.raw': added"]),
      ("disks: ['a.raw', 'b.raw']", "disks: ['a.raw']", ["disk 'b.raw': removed"]),
      (
        "disks: ['a.raw', 'b.raw']", "disks: ['b.raw', 'a.raw']",
        ["disk 'b.raw': bootOrder: 2 -> 1", "disk 'a.raw': bootOrder: 1 -> 2"]
      ),
      (
        "disks: ['a.raw', 'b.raw', 'c.raw']", "disks: ['a.raw', { file: 'b.raw', cache: 'none' }, 'c.raw']",
        ["disk 'b.raw': cache: writeback -> none"]
      ),
      ("networks: ['user']", "networks: 'none'", ["network card 'user': removed"]),
      (
        "networks: ['user']", "networks: [{ user: true, model: 'e1000' }], ports: ['8080:80']",
        ["network card 'user': model: virtio -> e1000, ports: none -> [\"127.0.0.1:8080:80\"]"]
      ),
      ("rng: true", "rng: false", ["rng: removed"]),
      ("", "watchdog: 'reset'", ["watchdog: added"]),
      ("watchdog: 'pause'", "watchdog: 'reset'", ["watchdog: action: pause -> reset"]),
      ("usb: ['mouse']", "usb: ['tablet', 'mouse']", ["USB device 'tablet': added"]),
      ("kernel: 'k'", "kernel: 'k', append: 'quiet'", ["kernel: append: none -> quiet"]),
      ("", "firmware: 'f.rom'", ["firmware: kind: seabios -> rom, file: none -> /lab/f.rom"]),
      ("", "rtc: 'localtime'", ["rtc: none -> localtime"]),
      ("", "arguments: ['-s']", ["arguments: none -> [\"-s\"]"]),
    ] as [(String, String, [String])])
  func told(old: String, new: String, words: [String]) throws {
    #expect(try Self.changes(from: old, to: new) == words)
    // Nothing differs from itself.
    #expect(try Self.changes(from: new, to: new) == [])
  }

  @Test("a serial port more is told")
  func serialPort() throws {
    let changes = try Example.machine("serial: 2").description.changes(
      from: try Example.machine("serial: true").description)
    #expect(changes.map(\.description) == ["serial port 2: added"])
    guard case .device(let change) = changes.first else {
      Issue.record("\(changes)")
      return
    }
    #expect(change.id == DeviceID("con1") && change.kind == .added)
  }

  @Test("a description comes back as it was kept", arguments: Golden.all)
  func kept(golden: Golden) throws {
    let description = try Example.machine(try golden.definition()).description
    let json = description.json
    let texts = try JSONValue(parsing: JSONValue.object(json.texts).bytes())
    let values = try JSONValue(parsing: JSONValue.object(try #require(json.values)).bytes())
    #expect(try MachineDescription(texts: texts, values: values) == description)
  }

  /// What the version before this one kept of a guest with two disks, in `machine` of `state.json`.
  private static let earlier = """
    {"qemu":"/usr/bin/qemu-system-x86_64","machine":"q35, dump-guest-core=off, graphics=off, usb=off",
     "accelerator":"tcg","cpu":"max","cpus":"2","memory":"1G","firmware":"seabios",
     "disks[0]":"/lab/a.raw, raw, virtio, cache writeback, discard",
     "disks[1]":"/lab/b.raw, raw, virtio, cache writeback, discard","networks[0]":"user","serial":"2","rng":"true",
     "powerButton":"true","pvpanic":"true","hotplugPorts":"4"}
    """

  @Test("a guest that an earlier version has started is known by what that kept")
  func earlierVersion() throws {
    let old = try MachineDescription(texts: try JSONValue(parsing: Self.earlier), values: nil)
    #expect(old.cpus == 2 && old.memory == .gibibytes(1) && old.serialPorts == 2)
    #expect(old.accelerator == .tcg && old.hasPowerButton && old.devices == nil)
    let keys = "accelerator: 'tcg', cpus: 2, serial: 2, disks: ['a.raw', 'b.raw']"
    #expect(try Example.machine(keys).description.changes(from: old) == [])
    let edited = try Example.machine(
      "accelerator: 'tcg', cpus: 3, serial: 2, disks: ['a.raw', 'b.raw', 'c.raw']")
    #expect(
      edited.description.changes(from: old).map(\.description) == [
        "cpus: 2 -> 3", "disks[2]: none -> /lab/c.raw, raw, virtio, cache writeback, discard",
      ])
    // What is kept of it on goes on being of the earlier form.
    #expect(old.json.values == nil)
    #expect(try MachineDescription(texts: .object(old.json.texts), values: nil) == old)
  }
}
