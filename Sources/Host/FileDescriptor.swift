internal import CLinux
internal import Glibc

/// An open descriptor with one owner: it closes when its owner ends.
///
/// Every descriptor made here is close-on-exec; a child gets one only through `ChildProcess.Launch.descriptors`.
package struct FileDescriptor: ~Copyable, Sendable {
  /// The number, for calls that borrow it.
  ///
  /// Never close it.
  package let rawValue: Int32

  /// Takes the number over: nobody else may close it from here on.
  package init(owning rawValue: Int32) {
    self.rawValue = rawValue
  }

  deinit {
    close(rawValue)
  }

  /// Gives the number to another owner, for example a Dispatch source whose cancel handler closes it.
  package consuming func release() -> Int32 {
    let number = rawValue
    discard self
    return number
  }

  /// Opens a file; corresponds to open(2).
  ///
  /// `O_CLOEXEC` is added, and `O_NONBLOCK` unless it `waits`: a FIFO in the place of a file holds up nobody. For a
  /// file that flag means nothing.
  package static func open(
    _ path: String, _ flags: Int32, mode: UInt32 = 0o600, waits: Bool = false
  ) throws(SystemError) -> FileDescriptor {
    SharedQueues.assertMayBlock(path)
    let flags = flags | O_CLOEXEC | (waits ? 0 : O_NONBLOCK)
    return FileDescriptor(owning: try retrying("open", path) { Glibc.open(path, flags, mode) })
  }

  /// Opens a log that several write to: each write goes to its end, wherever that is by then.
  package static func openLog(_ path: String) throws(SystemError) -> FileDescriptor {
    try open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW)
  }

  /// Another descriptor of the same open file, numbered `least` or higher; corresponds to fcntl(2) F_DUPFD_CLOEXEC.
  package borrowing func duplicate(atLeast least: Int32 = 3) throws(SystemError) -> FileDescriptor {
    let number = rawValue
    return FileDescriptor(owning: try retrying("fcntl") { fcntl(number, F_DUPFD_CLOEXEC, least) })
  }

  /// Makes reads and writes return EAGAIN instead of waiting; corresponds to fcntl(2) O_NONBLOCK.
  package borrowing func setNonBlocking() throws(SystemError) {
    let number = rawValue
    let flags = try retrying("fcntl") { fcntl(number, F_GETFL) }
    _ = try retrying("fcntl") { fcntl(number, F_SETFL, flags | O_NONBLOCK) }
  }

  /// Writes all of it; corresponds to write(2).
  package borrowing func write(_ bytes: [UInt8]) throws(SystemError) {
    let number = rawValue
    var done = 0
    while done < bytes.count {
      let rest = done
      done += try retrying("write") {
        bytes.withUnsafeBytes { Glibc.write(number, $0.baseAddress?.advanced(by: rest), bytes.count - rest) }
      }
    }
  }

  /// Reads what is there, at most `count` bytes; empty at the end of the file.
  ///
  /// Corresponds to read(2), and with a place in the file to pread(2).
  package borrowing func read(upTo count: Int, at place: Int64? = nil) throws(SystemError) -> [UInt8] {
    let number = rawValue
    var failure: SystemError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      do throws(SystemError) {
        filled = try retrying("read") {
          if let place { return pread(number, buffer.baseAddress, count, off_t(place)) }
          return Glibc.read(number, buffer.baseAddress, count)
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// A pipe's two ends; corresponds to pipe2(2).
  package static func pipe() throws(SystemError) -> Pipe {
    var (readEnd, writeEnd): (Int32, Int32) = (-1, -1)
    _ = try retrying("pipe2") { linux_pipe(&readEnd, &writeEnd) }
    return Pipe(readEnd: FileDescriptor(owning: readEnd), writeEnd: FileDescriptor(owning: writeEnd))
  }
}

/// The two ends of a pipe.
package struct Pipe: ~Copyable, Sendable {
  package let readEnd: FileDescriptor
  package let writeEnd: FileDescriptor

  /// Keeps the end that reads and closes the other.
  package consuming func takeReadEnd() -> FileDescriptor { readEnd }
}
