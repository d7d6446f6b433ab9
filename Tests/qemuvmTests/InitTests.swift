import Control
import Host
import Machine
import Testing

@testable import qemuvm

@Suite("A first lab file") struct InitTests {
  @Test("It is a good lab file, and so is what its comments show")
  func text() throws {
    for lab in [nil, "lab"] {
      let text = Init.text(lab: lab)
      let file = try LabFile(parsing: Array(text.utf8), file: "q", defaultLab: "folder")
      #expect(file.lab == lab ?? "folder")
      #expect(file.vms.map(\.name.name) == ["guest"])
      // The comments that hold keys, as a person takes the slashes away.
      let whole = text.split(separator: "\n").map { line in
        line.hasPrefix("    // web") || line.hasPrefix("    //   ") || line.hasPrefix("    // }")
          || line.hasPrefix("    // worker")
          ? String(line.dropFirst(7)) : String(line)
      }.joined(separator: "\n")
      let full = try LabFile(parsing: Array(whole.utf8), file: "q", defaultLab: "folder")
      #expect(full.vms.map(\.name.name) == ["guest", "web", "worker-1", "worker-2", "worker-3"])
      #expect(full.vms[1].settings.memory == .gibibytes(1))
    }
  }

  @Test("It is written where there is none, and never over one, nor through a link")
  func write() throws {
    let lab = try DefinitionSourceTests.Lab("{}")
    func run(_ file: String) throws {
      var given = GivenArguments()
      given.add(word: file)
      _ = try Init(given).run(Context(environment: []))
    }
    let error = #expect(throws: CommandFailure.self) { try run(lab.file) }
    #expect(error?.reason == "is there already, and is left as it is")
    #expect(try FileSystem.read(lab.file) == Array("{}".utf8))
    try FileSystem.link(lab.folder + "/link.json5", to: lab.folder + "/gone.json5")
    #expect(throws: CommandFailure.self) { try run(lab.folder + "/link.json5") }
    #expect(!FileSystem.exists(lab.folder + "/gone.json5"))
    try run(lab.folder + "/new.json5")
    #expect(try FileSystem.read(lab.folder + "/new.json5").count > 500)
    #expect(throws: CommandFailure.self) { try run(lab.folder + "/none/new.json5") }
  }
}
