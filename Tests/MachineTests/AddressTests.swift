import JSON
import Machine
import Testing

@Suite("Where devices are")
struct AddressTests {
  /// The place of each device with one, by its id.
  private static func places(_ machine: Machine) -> [String: String] {
    Dictionary(
      uniqueKeysWithValues: machine.addresses.entries.compactMap { entry in
        entry.address.map { (entry.id.text, "\($0)") }
      })
  }

  /// A machine of a type with these disks and cards.
  private static func machine(_ type: String, _ keys: String, after plan: AddressPlan = AddressPlan()) throws
    -> Machine
  {
    try Example.machine("machine: '\(type)', \(keys)", after: plan)
  }

  @Test(
    "A new VM's devices are placed in the order of the lists",
    arguments: [
      (
        "q35", "disks: ['a.raw', 'b.raw'], networks: ['user', 'user']",
        [
          "disk-a.raw": "port 0", "disk-b.raw": "port 1", "net-user": "port 2", "net-user-2": "port 3",
        ]
      ),
      (
        "pc", "disks: ['a.raw', 'b.raw'], networks: ['user', 'user']",
        ["disk-a.raw": "pci 12", "disk-b.raw": "pci 13", "net-user": "pci 6", "net-user-2": "pci 7"]
      ),
      (
        "microvm", "accelerator: 'kvm', disks: ['a.raw', 'b.raw'], rng: true",
        ["disk-a.raw": "mmio 0", "disk-b.raw": "mmio 1", "net-user": "mmio 2", "rng0": "mmio 3"]
      ),
      (
        "q35",
        "networks: [], disks: [{ file: 'a.raw', bus: 'scsi' }, { file: 'b.raw', bus: 'sata' }, 'c.iso', { file: 'd.raw', bus: 'nvme' }]",
        ["disk-a.raw": "scsi 0", "disk-b.raw": "ide 0", "disk-c.iso": "ide 1", "disk-d.raw": "port 0"]
      ),
      (
        "pc",
        "networks: [], disks: [{ file: 'a.raw', bus: 'sata' }, { file: 'b.raw', bus: 'ide' }, { file: 'c.raw', bus: 'ide' }]",
        ["sata0": "pci 12", "disk-a.raw": "sata 0", "disk-b.raw": "ide 0", "disk-c.raw": "ide 1"]
      ),
      (
        "q35", "networks: [], usb: ['mouse', 'tablet']", ["mouse": "usb 1", "tablet": "usb 2"]
      ),
      (
        "isapc",
        "networks: [{ user: true, model: 'ne2k_isa' }], rng: false, disks: [{ file: 'a.raw', bus: 'ide' }]",
        ["disk-a.raw": "ide 0"]
      ),
    ])
  func new(type: String, keys: String, places: [String: String]) throws {
    #expect(Self.places(try Self.machine(type, keys)) == places)
  }

  /// Every order of some things.
  private static func orders<Thing>(of things: [Thing]) -> [[Thing]] {
    guard things.count > 1 else { return [things] }
    return things.indices.flatMap { index in
      var rest = things
      let first = rest.remove(at: index)
      return orders(of: rest).map { [first] + $0 }
    }
  }

  @Test("However the lists are turned, every device stays where it is", arguments: ["q35", "pc", "microvm"])
  func reordered(type: String) throws {
    let bus = type == "microvm" ? "virtio" : "scsi"
    let disks = ["'a.raw'", "'b.raw'", "{ file: 'c.raw', bus: '\(bus)' }", "{ name: 'd', file: 'd.raw' }"]
    let first = try Self.machine(type, "disks: [\(disks.joined(separator: ", "))], rng: true")
    for order in Self.orders(of: disks) {
      let next = try Self.machine(
        type, "disks: [\(order.joined(separator: ", "))], rng: true", after: first.addresses)
      #expect(next.addresses == first.addresses, "\(order)")
    }
  }

  @Test(
    "What is taken away leaves its place free, what is new gets the lowest free one, and nothing else moves")
  func edited() throws {
    var plan = AddressPlan()
    let steps: [(disks: String, cards: String, places: [String: String])] = [
      (
        "'a.raw', 'b.raw', 'c.raw'", "'user'",
        ["a": "port 0", "b": "port 1", "c": "port 2", "user": "port 3"]
      ),
      ("'c.raw', 'a.raw'", "'user'", ["a": "port 0", "c": "port 2", "user": "port 3"]),
      (
        "'d.raw', 'c.raw', 'a.raw'", "'user'",
        ["a": "port 0", "d": "port 1", "c": "port 2", "user": "port 3"]
      ),
      (
        "'e.raw', 'd.raw', 'c.raw', 'a.raw'", "'user'",
        ["a": "port 0", "d": "port 1", "c": "port 2", "user": "port 3", "e": "port 4"]
      ),
      ("'e.raw'", "", ["e": "port 4"]),
      ("'e.raw', 'a.raw'", "'user'", ["e": "port 4", "a": "port 0", "user": "port 1"]),
    ]
    for step in steps {
      let machine = try Self.machine(
        "q35", "disks: [\(step.disks)], networks: [\(step.cards)]", after: plan)
      let expected = step.places.map { ($0 == "user" ? "net-user" : "disk-\($0).raw", $1) }
      #expect(Self.places(machine) == Dictionary(uniqueKeysWithValues: expected), "\(step)")
      plan = try AddressPlan(json: machine.addresses.json)
      #expect(plan == machine.addresses)
    }
  }

  @Test("A disk that goes to another bus gets a place there")
  func otherBus() throws {
    let before = try Self.machine("q35", "disks: ['a.raw', 'b.raw']")
    let after = try Self.machine(
      "q35", "disks: [{ file: 'a.raw', bus: 'scsi' }, 'b.raw']", after: before.addresses)
    #expect(Self.places(after)["disk-a.raw"] == "scsi 0")
    #expect(Self.places(after)["disk-b.raw"] == Self.places(before)["disk-b.raw"])
  }

  // MARK: Root ports

  /// The root ports of a command line, by their number, with their slot.
  private static func ports(_ machine: Machine) throws -> [(id: String, addr: String)] {
    machine.arguments.compactMap { try? JSONValue(parsing: $0) }.filter {
      $0["driver"] == "pcie-root-port"
    }.map { ($0["id"]?.string ?? "", $0["addr"]?.string ?? "") }
  }

  @Test("Behind a port that is taken all below it are there, and as many free ones as are asked for")
  func rootPorts() throws {
    #expect(try Self.ports(try Self.machine("q35", "networks: []")).map(\.id) == (0..<4).map { "port\($0)" })
    let three = try Self.machine("q35", "disks: ['a.raw', 'b.raw'], networks: ['user']")
    #expect(try Self.ports(three).count == 7)
    // Two free ones below the card's, two beyond.
    let one = try Self.machine("q35", "networks: ['user']", after: three.addresses)
    #expect(Self.places(one) == ["net-user": "port 2"])
    #expect(try Self.ports(one).map(\.id) == (0..<5).map { "port\($0)" })
    #expect(try Self.ports(try Self.machine("pc", "disks: ['a.raw']")).isEmpty)
  }

  @Test("There is a port for every disk and card that a machine takes, and each has a slot of its own")
  func mostPorts() throws {
    let disks = (0..<16).map { "'\($0).raw'" }.joined(separator: ", ")
    let machine = try Self.machine("q35", "disks: [\(disks)], networks: ['user', 'user', 'user', 'user']")
    let ports = try Self.ports(machine)
    #expect(ports.count == 24 && Set(ports.map(\.addr)).count == 24)
    #expect(ports[0].addr == "0x5.0x0" && ports[7].addr == "0x5.0x7" && ports[8].addr == "0x19.0x0")
    #expect(Set(Self.places(machine).values).count == 20)
  }

  // MARK: Earlier versions

  /// Where the version before this one put the devices of some definitions, as its command lines had it.
  private static let earlier: [(keys: String, words: [String])] = [
    (
      "machine: 'q35', disks: ['a.raw', { file: 'b.raw', bus: 'scsi' }, { file: 'c.raw', bus: 'scsi' }, { file: 'd.raw', bus: 'nvme' }, { file: 'e.raw', bus: 'ide' }]",
      [
        #""id":"disk-a.raw","addr":"0xc""#, #""id":"disk-b.raw","bus":"scsi0.0","scsi-id":1"#,
        #""id":"disk-c.raw","bus":"scsi0.0","scsi-id":2"#,
        #""id":"disk-d.raw","addr":"0xf","serial":"disk3""#,
        #""id":"disk-e.raw","bus":"ide.0""#, #""id":"net-user","addr":"0x6""#,
        #""id":"port3","chassis":4"#,
      ]
    ),
    (
      "machine: 'pc', disks: ['a.raw', { file: 'b.raw', bus: 'sata' }, { file: 'c.raw', bus: 'sata' }, { file: 'd.raw', bus: 'ide' }], networks: ['user', { user: true, model: 'e1000' }]",
      [
        #""id":"sata0","addr":"0xd""#, #""id":"disk-b.raw","bus":"sata0.0""#,
        #""id":"disk-c.raw","bus":"sata0.1""#, #""id":"disk-d.raw","bus":"ide.0","unit":0"#,
        #""id":"net-user-2","addr":"0x7""#,
      ]
    ),
    (
      "profile: 'microvm', accelerator: 'kvm', kernel: 'k', disks: ['a.raw', 'b.raw']",
      [
        #""id":"disk-a.raw","bus":"virtio-mmio-bus.23""#, #""id":"disk-b.raw","bus":"virtio-mmio-bus.22""#,
        #""id":"net-user","bus":"virtio-mmio-bus.21""#, #""id":"rng0","bus":"virtio-mmio-bus.20""#,
      ]
    ),
    (
      "machine: 'q35', usb: ['mouse', 'tablet']",
      [#""id":"mouse","bus":"usb0.0","port":"1""#, #""id":"tablet","bus":"usb0.0","port":"2""#]
    ),
  ]

  @Test("A VM of an earlier version keeps every device where it was", arguments: earlier)
  func kept(keys: String, words: [String]) throws {
    let machine = try Example.machine(
      keys, after: AddressPlan(earlierVersionOf: try Example.flat(try Example.definition(keys))))
    for word in words { #expect(machine.arguments.contains { $0.contains(word) }, "\(word)") }
  }

  @Test(
    "A VM of an earlier version keeps its places when its list is edited; what is new goes to a root port")
  func earlierEdited() throws {
    let before = try Example.flat(try Example.definition("machine: 'q35', disks: ['a.raw', 'b.raw']"))
    let plan = AddressPlan(earlierVersionOf: before)
    let machine = try Self.machine("q35", "disks: ['c.raw', 'b.raw', 'a.raw']", after: plan)
    #expect(
      Self.places(machine) == [
        "disk-a.raw": "pci 12", "disk-b.raw": "pci 13", "disk-c.raw": "port 0", "net-user": "pci 6",
      ])
  }

  @Test("The slots of the highest root ports stay those of an earlier version's last disks")
  func blockedPorts() throws {
    let disks = (0..<16).map { "'\($0).raw'" }.joined(separator: ", ")
    let before = try Example.flat(try Example.definition("machine: 'q35', disks: [\(disks)]"))
    let plan = AddressPlan(earlierVersionOf: before)
    let fewer = ["'15.raw'"] + (20..<35).map { "'\($0).raw'" }
    let machine = try Self.machine("q35", "disks: [\(fewer.joined(separator: ", "))]", after: plan)
    // Slot 27 is the disk's, and port 24 to 31 would be there.
    #expect(Self.places(machine)["disk-15.raw"] == "pci 27")
    #expect(try Self.ports(machine).allSatisfy { !$0.addr.hasPrefix("0x1b") })
    #expect(Set(Self.places(machine).values).count == 17)
  }

  @Test("A plan that is no plan is refused", arguments: ["5", "[5]", "[{}]", "[{\"id\": 5}]"])
  func garbage(text: String) {
    #expect(throws: JSONTypeError.self) { try AddressPlan(json: JSONValue(parsing: text)) }
  }

  @Test(
    "A place that is none is no place", arguments: ["", "port", "port -1", "port 300", "x 1", "port 1 2"])
  func noAddress(text: String) {
    #expect(Address(text) == nil)
  }

  @Test("A plan is completed by an earlier one, whose devices keep no place that is taken here")
  func completed() {
    let (a, b, c) = (DeviceID.disk("a.raw"), DeviceID.disk("b.raw"), DeviceID.disk("c.raw"))
    let plan = AddressPlan([AddressPlan.Entry(id: a, address: Address(.pci, 12))])
    let earlier = AddressPlan([
      AddressPlan.Entry(id: a, address: Address(.pci, 14)),
      AddressPlan.Entry(id: b, address: Address(.pci, 12)),
      AddressPlan.Entry(id: c, address: Address(.pci, 13)),
    ])
    let all = plan.completed(by: earlier)
    #expect(all[a] == Address(.pci, 12) && all[b] == nil && all[c] == Address(.pci, 13))
  }
}
