import Glibc
import Host
import Testing

@Suite("Locks")
struct LockTests {
  /// Whether the lock could be taken; it is free again afterwards.
  private func isFree(_ path: String) throws -> Bool {
    guard let lock = try FileLock.take(path) else { return false }
    _ = consume lock
    return true
  }

  /// Returns when the lock was free.
  ///
  /// That may be a moment after its holder let go: a child that another test spawns just then has copies of all our
  /// descriptors until its exec.
  private func waitUntilFree(_ path: String) throws {
    _ = try FileLock.take(path, wait: true)
  }

  @Test("on a file are held by one, and come free with their owner")
  func exclusive() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("lock")
    guard let first = try FileLock.take(path) else {
      Issue.record("a new lock is not free")
      return
    }
    #expect(try !isFree(path))
    _ = consume first
    try waitUntilFree(path)
  }

  @Test("on a file are waited for as long as one may, and no longer")
  func waiting() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("lock")
    guard let first = try FileLock.take(path, waiting: .zero) else {
      Issue.record("a new lock is not free")
      return
    }
    guard try FileLock.take(path, waiting: .milliseconds(20)) == nil else {
      Issue.record("one lock was taken twice")
      return
    }
    _ = consume first
    // Also by the wait that was given up, which gives it back.
    guard try FileLock.take(path, waiting: .seconds(60)) != nil else {
      Issue.record("a lock did not come free")
      return
    }
  }

  @Test("on a file that a child was given live as long as the child")
  func inherited() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("lock")
    let input = try FileDescriptor.pipe()
    guard let lock = try FileLock.take(path) else {
      Issue.record("a new lock is not free")
      return
    }
    var launch = ChildProcess.Launch(program: "/bin/cat", arguments: [])
    launch.descriptors = [0: input.readEnd.rawValue, 3: lock.descriptor.rawValue]
    let child = try ChildProcess(launch)
    _ = consume lock
    #expect(try !isFree(path))
    let holders = ProcessTable.processes(holding: 3, below: folder.path)
    #expect(holders.map(\.pid) == [child.pid])
    #expect(holders.map(\.file) == [path])
    child.signal(SIGSTOP)
    #expect(try !isFree(path))
    child.signal(SIGKILL)
    #expect(child.wait() == .signal(SIGKILL))
    try waitUntilFree(path)
    _ = consume input
  }

  @Test("of another process name it, and what it said, and are free when it ends")
  func processLock() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("lock")
    #expect(ProcessLock.holder(path) == nil)
    let input = try FileDescriptor.pipe()
    let output = try FileDescriptor.pipe()
    // A lock of our own process would not stand in our way: another must hold it.
    let script = """
      use Fcntl; $| = 1; open(my $f, '+>', $ARGV[0]) or die; print $f "held"; $f->flush;
      my $lock = pack('s s x4 q q i x4', F_WRLCK, 0, 0, 0, 0);
      fcntl($f, F_SETLK, $lock) or die; print "locked"; <STDIN>;
      """
    var launch = ChildProcess.Launch(
      program: "/usr/bin/perl", arguments: ["-MIO::Handle", "-e", script, path])
    launch.descriptors = [0: input.readEnd.rawValue, 1: output.writeEnd.rawValue]
    let child = try ChildProcess(launch)
    let reader = output.takeReadEnd()
    #expect(try reader.read(upTo: 10) == Array("locked".utf8))
    #expect(ProcessLock.holder(path) == child.pid)
    #expect(try !isMine(path))
    #expect(try folder.text("lock") == "held")
    _ = consume input
    #expect(child.wait() == .code(0))
    #expect(ProcessLock.holder(path) == nil)
    #expect(try isMine(path))
    #expect(try folder.text("lock") == "mine")
  }

  /// Whether this process gets the lock; it is free again afterwards.
  private func isMine(_ path: String) throws -> Bool {
    guard let lock = try ProcessLock.take(path, saying: "mine") else { return false }
    _ = consume lock
    return true
  }
}
