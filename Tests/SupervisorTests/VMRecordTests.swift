import JSON
import Machine
import Testing

@testable import Supervisor

@Suite("What is kept of a VM") struct VMRecordTests {
  /// As the version before devices had ids wrote it.
  private static let earlier = """
    {"format": 1, "uuid": "12345678-9abc-4def-8000-000000000001", "directory": "/lab", "file": "/lab/qemuvm.json5",
     "definition": {"name": "web", "lab": "shop", "disks": ["b.raw", {"file": "a.raw", "bus": "scsi"}]},
     "settings": {"profile": "linux", "machine": {"type": "q35"}, "memory": "1G", "networks": ["user"],
                  "disks": [{"file": "/lab/b.raw"}, {"file": "/lab/a.raw", "bus": "scsi"}]},
     "profileFiles": ["builtin:linux.json5"]}
    """

  private static func record(_ text: String) throws -> VMRecord {
    try VMRecord(parsing: Array(text.utf8), file: "definition.json")
  }

  @Test("of one of an earlier version the devices stay where that had put them")
  func earlierVersion() throws {
    let plan = try #require(try Self.record(Self.earlier).addresses)
    #expect(plan[.disk("b.raw")] == Address(.pci, 12))
    #expect(plan[.disk("a.raw")] == Address(.scsi, 1))
    #expect(plan[.networkCard("user")] == Address(.pci, 6))
    #expect(plan.entries.count == 3)
  }

  @Test("the places of its devices come back, also where it has none")
  func places() throws {
    var record = try Self.record(Self.earlier)
    let disk = AddressPlan.Entry(id: .disk("b.raw"), address: Address(.port, 3), file: "/lab/b.raw")
    for plan in [nil, AddressPlan(), AddressPlan([disk])] {
      record.addresses = plan
      #expect(try Self.record(String(decoding: record.bytes(), as: UTF8.self)) == record)
    }
  }

  @Test("a definition that comes anew takes over the places that there are")
  func placed() throws {
    let kept = try Self.record(Self.earlier)
    var candidate = kept
    candidate.addresses = nil
    #expect(candidate.placed(by: nil, after: kept).addresses == kept.addresses)
    #expect(candidate.isSame(as: kept))
    #expect(candidate.placed(by: nil, after: nil).addresses == nil)
  }
}
