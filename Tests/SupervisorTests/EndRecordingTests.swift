import Glibc
import Host
import Testing

@testable import Supervisor

@Suite("The record of a command that ends a VM") struct EndRecordingTests {
  /// A VM's folder with a wish to run, removed with the test.
  private final class Folder {
    let folder: VMFolder

    init() throws {
      var template = Array("/tmp/qemuvm-end-XXXXXX".utf8CString)
      folder = VMFolder(path: try #require(mkdtemp(&template).map { String(cString: $0) }), id: "web")
      try folder.bring(to: nil, wanted: 1)
    }

    deinit { try? FileSystem.removeTree(folder.path) }
  }

  @Test("says that the disks go as long as its command waits for it")
  func inTime() throws {
    let folder = try Folder()
    let record = EndRecording(in: folder.folder, deletingDisks: true, stops: true)
    #expect(record.perform() == .done)
    // What has come meanwhile is what is answered.
    #expect(record.giveUp() == .done)
    #expect(try folder.folder.deletesDisks() && folder.folder.wish() == .forgotten)
  }

  @Test("keeps the disks when it comes through after its command has told that it is not recorded")
  func late() throws {
    let folder = try Folder()
    let record = EndRecording(in: folder.folder, deletingDisks: true, stops: true)
    #expect(record.giveUp() == nil)
    _ = record.perform()
    #expect(try !folder.folder.deletesDisks() && folder.folder.wish() == .forgotten)
  }

  @Test("and a removal is taken back by a folder's keep")
  func kept() throws {
    let folder = try Folder()
    try folder.folder.markForgotten(disks: true)
    try folder.folder.keep()
    #expect(try folder.folder.wish() == .stopped && !folder.folder.deletesDisks())
  }
}
