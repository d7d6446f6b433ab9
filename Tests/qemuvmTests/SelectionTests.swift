import Control
import Machine
import Testing

@testable import qemuvm

@Suite("Which VMs are meant") struct SelectionTests {
  static let shop = LabOutline(lab: "shop", vms: ["db", "web"])

  @Test(
    "A bare name means the lab file's VM where the file has it",
    arguments: [
      (["web"], shop, ["shop/web"]),
      (["web"], nil, ["web"]),
      (["other"], shop, ["other"]),
      (["farm/web"], shop, ["farm/web"]),
      (["web", "shop/web", "db", "web"], shop, ["shop/web", "shop/db"]),
      ([], shop, ["shop/db", "shop/web"]),
    ] as [([String], LabOutline?, [String])])
  func names(given: [String], lab: LabOutline?, expected: [String]) throws {
    let vms = try VMSelection.references(given, in: lab, of: "/shop/qemuvm.json5", verb: "stop")
    #expect(vms.map(\.name) == expected)
  }

  @Test("A name that was read from the file says so, and one that a person wrote whole does not")
  func origin() throws {
    let vms = try VMSelection.references(
      ["web", "shop/db", "other"], in: Self.shop, of: "/shop/qemuvm.json5", verb: "stop")
    #expect(
      vms == [
        VMReference("shop/web", file: "/shop/qemuvm.json5"), VMReference("shop/db"), VMReference("other"),
      ])
    let all = try VMSelection.references([], in: Self.shop, of: "/shop/qemuvm.json5", verb: "down")
    #expect(all.allSatisfy { $0.file == "/shop/qemuvm.json5" })
  }

  @Test("No name and no lab file is wrong usage, with a hint")
  func nothing() {
    let error = #expect(throws: UsageError.self) { try VMSelection.references([], in: nil, verb: "down") }
    #expect(error?.message == "no VM is named, and there is no qemuvm.json5 here or above")
    #expect(error?.hint != nil)
  }

  @Test(
    "A lab file's names are read though its definitions are wrong",
    arguments: [
      ("{ lab: 'shop', vms: { db: 3, web: { cpsu: 1 } } }", shop),
      ("{ vms: { db: {}, web: {} } }", LabOutline(lab: "folder", vms: ["db", "web"])),
      ("{ lab: 3, vms: [] }", LabOutline(lab: "folder", vms: [])),
      ("[]", LabOutline(lab: "folder", vms: [])),
    ])
  func outline(text: String, expected: LabOutline) throws {
    let source = try LabSource(LabSource.Text(path: "/q", shown: "q", bytes: Array(text.utf8)))
    #expect(try LabOutline(source, defaultLab: "folder") == expected)
  }
}
