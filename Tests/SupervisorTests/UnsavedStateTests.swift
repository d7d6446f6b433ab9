import Control
import Glibc
import Host
import Machine
import Testing

@testable import Supervisor

@Suite("What is to be written of a VM's state") struct UnsavedStateTests {
  @Test("is written once for what the file says already, and again once the file may say something else")
  func unchanged() throws {
    var template = Array("/tmp/qemuvm-unsaved-XXXXXX".utf8CString)
    let root = try #require(mkdtemp(&template).map { String(cString: $0) })
    defer { try? FileSystem.removeTree(root) }
    let (folder, name) = (VMFolder(path: root, id: "web"), try VMName("web"))
    let unsaved = UnsavedState()
    var saved = SavedState.nothing(folder, nil, desired: .running)

    #expect(unsaved.write(saved, to: folder, of: name))
    let first = try FileSystem.identity(of: folder.state)
    #expect(unsaved.write(saved, to: folder, of: name))
    #expect(try FileSystem.identity(of: folder.state) == first)

    saved.wish = 7
    #expect(unsaved.write(saved, to: folder, of: name))
    #expect(try FileSystem.read(folder.state) == saved.bytes())

    // Another life of a VM of this name: its folder is new.
    try FileSystem.remove(folder.state)
    unsaved.found(nil)
    #expect(unsaved.write(saved, to: folder, of: name))
    #expect(try FileSystem.read(folder.state) == saved.bytes())
  }

  @Test("is kept where it could not be written, and written when it can")
  func refused() throws {
    var template = Array("/tmp/qemuvm-unsaved-XXXXXX".utf8CString)
    let root = try #require(mkdtemp(&template).map { String(cString: $0) })
    defer { try? FileSystem.removeTree(root) }
    let (folder, name) = (VMFolder(path: root + "/vm", id: "web"), try VMName("web"))
    let (unsaved, saved) = (UnsavedState(), SavedState.nothing(folder, nil, desired: .running))
    #expect(!unsaved.write(saved, to: folder, of: name))
    try FileSystem.makeDirectory(folder.path)
    let refused = try #require(unsaved.takeRefused())
    #expect(unsaved.write(refused, to: folder, of: name))
    #expect(try FileSystem.read(folder.state) == saved.bytes())
    #expect(unsaved.takeRefused() == nil)
  }
}

@Suite("The processes that were found with the locks of VMs") struct FoundProcessesTests {
  @Test("are at most one VM's each, whoever asks first")
  func once() throws {
    var template = Array("/tmp/qemuvm-found-XXXXXX".utf8CString)
    let root = try #require(mkdtemp(&template).map { String(cString: $0) })
    defer { try? FileSystem.removeTree(root) }
    let found = FoundProcesses(in: root)
    #expect(found.folders(in: "vms").isEmpty)
    let answers = [found.take(77, forVM: "a"), found.take(77, forVM: "b"), found.take(78, forVM: "b")]
    #expect(answers == [true, false, true])
  }
}
