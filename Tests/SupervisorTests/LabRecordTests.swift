import Host
import JSON
import Machine
import Network
import Testing

@testable import Supervisor

@Suite("What is kept of a lab")
struct LabRecordTests {
  private static func record() throws -> VMRecord {
    let definition = try VMDefinition(json: [
      "name": "web", "lab": "shop", "profile": "hello", "dependsOn": ["db": "healthy"],
    ])
    return VMRecord(
      uuid: UUID(high: 1, low: 2), definition: definition, directory: "/shop", file: "/shop/qemuvm.json5",
      flat: FlatDefinition(definition, in: "/shop", over: try ProfileChain("hello")))
  }

  private static func lab() throws -> LabRecord {
    var lab = LabRecord(
      lab: "shop", file: "/shop/qemuvm.json5", directory: "/shop", networks: ["backend": [:]],
      vms: ["db", "web", "old", "mail"],
      pending: [
        "web": LabRecord.Promise(number: 3, wish: .up(try record())),
        "old": LabRecord.Promise(number: 7, wish: .down(disks: true)),
        "mail": LabRecord.Promise(number: 1, wish: .stop),
      ], refusals: ["db": "its image is missing"])
    lab.addresses["backend"] = NetworkAddresses(
      subnet: try #require(IPv4Subnet("10.9.0.0/24")), vms: ["web": try #require(IPv4Address("10.9.0.7"))])
    return lab
  }

  @Test("A lab comes back as it was, with what is promised and not done")
  func bothWays() throws {
    let lab = try Self.lab()
    #expect(try LabRecord(parsing: lab.bytes(), file: "f").pending == lab.pending)
    #expect(try LabRecord(parsing: lab.bytes(), file: "f").addresses == lab.addresses)
    #expect(try LabRecord(parsing: lab.bytes(), file: "f").bytes() == lab.bytes())
  }

  @Test("A promise is there whole or not at all; what cannot be read is told, and hides no other lab")
  func files() throws {
    let root = try LedgerFolder()
    let folder = LabFolder(path: root.path + "/labs")
    try FileSystem.makeDirectory(folder.path)
    let lab = try Self.lab()
    try folder.promise(lab)
    try FileSystem.replace(folder.file(of: "torn"), with: Array("{".utf8), durable: false)
    try FileSystem.replace(folder.file(of: "late"), with: Array(#"{"format": 9}"#.utf8), durable: false)
    let (records, unreadable) = try folder.all()
    #expect(records.map { $0.bytes() } == [lab.bytes()])
    #expect(unreadable.map(\.lab) == ["late", "torn"])
    #expect(unreadable.map(\.isOtherVersion) == [true, false])
    try folder.remove("shop")
    #expect(try folder.all().records == [])
  }
}
