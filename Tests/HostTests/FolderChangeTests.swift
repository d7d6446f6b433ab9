import Glibc
import Host
import Testing

@Suite("Changes to a folder")
struct FolderChangeTests {
  private let failure = SystemError("a call", code: EIO)

  private func contents(_ folder: TemporaryFolder) throws -> [String: String] {
    try FileSystem.names(in: folder.path).reduce(into: [:]) { $0[$1] = try folder.text($1) }
  }

  @Test("become true together", arguments: [false, true])
  func together(isThere: Bool) throws {
    let folder = try TemporaryFolder()
    if isThere { for name in ["a", "b", "c", "d"] { try folder.write(name, "old \(name)") } }
    try folder.write("from", "from")
    try FolderChange.perform(in: folder.path) { change throws(SystemError) in
      try change.put("a", Array("new".utf8))
      try change.remove("b")
      try change.move("from", to: "c")
      try change.put("d", [])
    }
    #expect(try contents(folder) == ["a": "new", "c": "from", "d": ""])
    var status = stat()
    #expect(stat(folder.file("a"), &status) == 0 && status.st_mode & 0o777 == 0o600)
  }

  @Test("are taken back together when one fails", arguments: [false, true])
  func takenBack(isThere: Bool) throws {
    let folder = try TemporaryFolder()
    if isThere { for name in ["a", "b", "c"] { try folder.write(name, "old \(name)") } }
    try folder.write("from", "from")
    let before = try contents(folder)
    let error = #expect(throws: FolderChange.Failure.self) {
      try FolderChange.perform(in: folder.path) { change throws(SystemError) in
        try change.put("a", Array("new".utf8))
        try change.put("a", Array("newer".utf8))
        try change.remove("b")
        try change.move("from", to: "c")
        throw failure
      }
    }
    #expect(error == FolderChange.Failure(error: failure, isTakenBack: true))
    #expect(try contents(folder) == before)
  }

  @Test("say so where what stood there cannot be put back")
  func notTakenBack() throws {
    let folder = try TemporaryFolder()
    try folder.write("a", "old")
    let error = #expect(throws: FolderChange.Failure.self) {
      try FolderChange.perform(in: folder.path) { change throws(SystemError) in
        try change.put("a", Array("new".utf8))
        try FileSystem.remove(folder.file("a"))
        throw failure
      }
    }
    #expect(error?.isTakenBack == false)
  }

  @Test("replace no folder by a file, and change nothing else then")
  func folderInTheWay() throws {
    let folder = try TemporaryFolder()
    try FileSystem.makeDirectory(folder.file("b"))
    try folder.write("a", "old")
    let error = #expect(throws: FolderChange.Failure.self) {
      try FolderChange.perform(in: folder.path) { change throws(SystemError) in
        try change.put("a", Array("new".utf8))
        try change.put("b", Array("new".utf8))
      }
    }
    #expect(error?.error.call == "rename" && error?.isTakenBack == true)
    #expect(try folder.text("a") == "old")
    #expect(try FileSystem.names(in: folder.path) == ["a", "b"])
  }
}
