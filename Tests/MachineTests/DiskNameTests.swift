import Machine
import Testing

@Suite("What a disk is known by")
struct DiskNameTests {
  /// The disks' names in the order of the list, where `plan` has those so far.
  private static func names(_ disks: String, after plan: AddressPlan = AddressPlan()) throws -> [String] {
    try machine(disks, after: plan).disks.map(\.name)
  }

  private static func machine(_ disks: String, after plan: AddressPlan = AddressPlan()) throws -> Machine {
    try Example.machine("disks: [\(disks)]", after: plan)
  }

  @Test(
    "it is the name written, else the base name of the file, in characters that QEMU takes",
    arguments: [
      ("'a.raw'", "a.raw"), ("{ name: 'data', file: 'a.raw' }", "data"),
      ("'/x/y/web_1-2.qcow2'", "web_1-2.qcow2"),
      ("'it is mine.raw'", "it-is-mine.raw"), ("'ä,\"{}.raw'", "-----.raw"), ("'-a.raw'", "-a.raw"),
      ("'1.raw'", "1.raw"), ("'twenty-six-characters-a.raw'", "twenty-six-charac-"),
    ])
  func names(disk: String, name: String) throws {
    let found = try #require(try Self.names(disk).first)
    #expect(found.hasPrefix(name) && found.utf8.count <= 26 && (found == name || found.utf8.count == 26))
  }

  @Test(
    "a name that is written is checked",
    arguments: [
      ("{ name: 'a b', file: 'a.raw' }", "disks[0].name: 'a b' cannot be a disk's name"),
      ("{ name: 'a.b', file: 'a.raw' }", "disks[0].name: 'a.b' cannot be a disk's name"),
      ("{ name: '', file: 'a.raw' }", "expected a disk's name"),
      ("{ name: 'abcdefghijklmnopqrstuvwxyz1', file: 'a.raw' }", "1 to 26 ASCII letters"),
      (
        "{ name: 'd', file: 'a.raw' }, { name: 'd', file: 'b.raw' }",
        "disks[1].name: 'd' is the name of disks[0] already"
      ),
    ])
  func refused(disks: String, words: String) {
    #expect {
      try Self.names(disks)
    } throws: {
      "\($0)".contains(words)
    }
  }

  /// Lists that are edited step by step; a disk on a file has one name through all of them.
  private static let edits: [[String]] = [
    ["'x/web.raw'", "'data.raw'", "'y/odd name.raw'"],
    ["'data.raw'", "'y/odd name.raw'", "'x/web.raw'"],
    // The same base name once more, before and behind the first.
    ["'z/web.raw'", "'data.raw'", "'x/web.raw'"],
    ["'x/web.raw'", "'z/web.raw'", "'a/web.raw'"],
    ["'a/web.raw'", "'x/web.raw'"],
    // A name that another disk has had by its file.
    ["'a/web.raw'", "{ name: 'web', file: 'new.raw' }", "'x/web.raw'"],
  ]

  @Test("whatever is edited around it, a disk keeps its name, and no two have the same")
  func edits() throws {
    var plan = AddressPlan()
    var known: [String: String] = [:]
    for list in Self.edits {
      let machine = try Self.machine(list.joined(separator: ", "), after: plan)
      #expect(Set(machine.disks.map(\.name)).count == list.count)
      for disk in machine.disks {
        if let name = known[disk.image] { #expect(disk.name == name, "\(list)") }
        known[disk.image] = disk.name
      }
      plan = machine.addresses
    }
  }

  @Test("without a plan a name does not depend on the order of the list")
  func order() throws {
    let disks = ["'x/web.raw'", "'y/web.raw'", "'data.raw'", "{ name: 'web', file: 'c.raw' }"]
    let first = try Self.machine(disks.joined(separator: ", "))
    let turned = try Self.machine(disks.reversed().joined(separator: ", "))
    let names = { (machine: Machine) in
      Dictionary(uniqueKeysWithValues: machine.disks.map { ($0.image, $0.name) })
    }
    #expect(names(first) == names(turned))
    #expect(Set(names(first).values).count == 4)
  }

  @Test("one file twice, for reading, has two names")
  func twice() throws {
    let list = "{ file: 'a.raw', readOnly: true }, { file: 'a.raw', readOnly: true }"
    let first = try Self.machine(list)
    #expect(Set(first.disks.map(\.name)).count == 2)
    #expect(try Self.names(list, after: first.addresses).sorted() == first.disks.map(\.name).sorted())
  }

  @Test("a disk that is given a name stays where it is")
  func named() throws {
    let before = try Self.machine("'a.raw', 'b.raw', 'c.raw'")
    let after = try Self.machine(
      "{ name: 'data', file: 'b.raw' }, 'c.raw', 'a.raw'", after: before.addresses)
    #expect(after.addresses[.disk("data")] == before.addresses[.disk("b.raw")])
    #expect(after.addresses[.disk("a.raw")] == before.addresses[.disk("a.raw")])
  }
}
