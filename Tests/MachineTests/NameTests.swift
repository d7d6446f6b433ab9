import Machine
import Testing

@Suite("Names")
struct NameTests {
  @Test(
    "A name is read as people write it, and names a folder",
    arguments: [
      ("web", "web", "web"), ("shop/web", "web@shop", "shop/web"), ("a.b_c-9", "a.b_c-9", "a.b_c-9"),
    ])
  func reads(_ text: String, _ id: String, _ shown: String) throws {
    let name = try VMName(parsing: text)
    #expect(name.id == id)
    #expect(name.description == shown)
    #expect(try VMName(id: id) == name)
  }

  @Test(
    "What could leave its folder, or confuse a shell, is no name",
    arguments: [
      ("", .empty), ("/", .empty), ("web/", .empty), ("..", .badStart(".")), (".", .badStart(".")),
      ("-x", .badStart("-")), ("a/..", .badStart(".")), ("a/b/c", .badCharacter("/")),
      ("a b", .badCharacter(" ")),
      ("a@b", .badCharacter("@")), ("a\nb", .badCharacter("\n")), ("a\u{0}", .badCharacter("\u{0}")),
      ("wéb", .badCharacter("é")), ("a,b", .badCharacter(",")), ("٣", .badCharacter("٣")),
      (String(repeating: "a", count: 64), .tooLong(count: 64)),
      (String(repeating: "a", count: 200), .tooLong(count: 200)),
    ] as [(String, NameError)])
  func refuses(_ text: String, _ why: NameError) {
    #expect(throws: why) { try VMName(parsing: text) }
  }

  @Test("The longest name is taken")
  func longest() throws {
    let name = String(repeating: "a", count: 63)
    #expect(try VMName(name, lab: name).id.utf8.count == 127)
  }

  @Test("VMs outside labs come first, then lab by lab")
  func order() throws {
    let names = try ["z", "shop/web", "shop/db", "a/z"].map(VMName.init(parsing:))
    #expect(names.sorted().map(\.description) == ["z", "a/z", "shop/db", "shop/web"])
  }

  @Test(
    "The nearest name is the one that was meant",
    arguments: [
      ("cpsu", "cpus"), ("Memory", "memory"), ("memry", "memory"), ("disk", "disks"), ("port", "ports"),
      ("nothing-like-it", nil), ("", nil), ("x", nil),
    ] as [(String, String?)])
  func nearest(_ typed: String, _ meant: String?) {
    #expect(
      nearestName(to: typed, among: ["cpu", "cpus", "memory", "memoryPerCPU", "disks", "ports"]) == meant)
  }
}
