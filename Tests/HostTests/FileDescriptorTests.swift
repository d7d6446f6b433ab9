import Glibc
import Host
import Testing

@Suite("A file descriptor")
struct FileDescriptorTests {
  @Test("closes when its owner ends, so that the far end of a pipe sees the end of file")
  func closes() throws {
    let pipe = try FileDescriptor.pipe()
    let reader = pipe.takeReadEnd()
    #expect(try reader.read(upTo: 10).isEmpty)
  }

  @Test("stays open when its number is given to another owner")
  func release() throws {
    let pipe = try FileDescriptor.pipe()
    let number = try pipe.writeEnd.duplicate().release()
    let reader = pipe.takeReadEnd()
    let heir = FileDescriptor(owning: number)
    try heir.write(Array("alive".utf8))
    #expect(try reader.read(upTo: 10) == Array("alive".utf8))
  }

  @Test("is close-on-exec, however it was made")
  func closeOnExec() throws {
    let folder = try TemporaryFolder()
    let pipe = try FileDescriptor.pipe()
    let pair = try UnixSocket.pair()
    let file = try FileDescriptor.open(folder.file("f"), O_RDWR | O_CREAT)
    let copy = try file.duplicate(atLeast: 50)
    #expect(copy.rawValue >= 50)
    let numbers = [
      pipe.readEnd.rawValue, pipe.writeEnd.rawValue, pair.first.rawValue, pair.second.rawValue, file.rawValue,
      copy.rawValue,
    ]
    for number in numbers { #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0) }
  }

  @Test("tells which call failed, on what, and why")
  func errors() {
    let error = #expect(throws: SystemError.self) {
      try FileDescriptor.open("/no/such/file", O_RDONLY).release()
    }
    #expect(error == SystemError("open", "/no/such/file", code: ENOENT))
    #expect(error?.description == "/no/such/file: No such file or directory (open)")
    #expect(SystemError("pipe2", code: EMFILE).description == "pipe2: Too many open files")
  }

  @Test("does not wait when told so")
  func nonBlocking() throws {
    let pipe = try FileDescriptor.pipe()
    try pipe.readEnd.setNonBlocking()
    let error = #expect(throws: SystemError.self) { try pipe.readEnd.read(upTo: 1) }
    #expect(error?.code == EAGAIN)
  }
}
