internal import Glibc
internal import Host

/// A process of this user's that holds a VM's lock at the descriptor where the VM's QEMU has it; held by its pidfd.
///
/// That alone does not make it the VM's QEMU: `QEMUIdentity` says which one is.
struct LockHolder: Sendable, CustomStringConvertible {
  let process: ChildProcess

  /// Its command line, the program first.
  let words: [String]

  /// Takes hold of a process that was found with a lock's file; nil when it has that lock no more, or it is ours.
  init?(pid: Int32, of file: String) {
    // In another mount namespace the same path names another fleet's lock.
    let place = Launch.path(to: Launch.lockDescriptor, of: pid)
    guard pid != getpid(),
      FileSystem.isSameFile(place, file) || !FileSystem.exists(file) && FileSystem.isRemoved(place)
    else { return nil }
    // The pidfd is opened first and the lock looked at again: what it shows is then this very process's.
    guard let process = try? ChildProcess(adopting: pid),
      ProcessTable.heldFile(pid: pid, descriptor: Launch.lockDescriptor) == file,
      ProcessTable.holdsLock(pid: pid, descriptor: Launch.lockDescriptor),
      let words = ProcessTable.arguments(pid: pid), !process.hasExited
    else { return nil }
    self.process = process
    self.words = words
  }

  /// Those who hold a lock now.
  static func holders(of lock: String) -> [LockHolder] {
    ProcessTable.processes(holding: Launch.lockDescriptor, below: FileSystem.parent(of: lock)).compactMap {
      $0.file == lock ? LockHolder(pid: $0.pid, of: lock) : nil
    }
  }

  /// Those of some processes that hold a lock, where its owner has it, when that is clear; it blocks.
  ///
  /// A lock that is busy without one, or in the hands of a child that is still its supervisor's copy, is between that
  /// child's fork and its exec, which is short. Neither a lock that comes free nor an exec tells of itself, so they are
  /// looked at again.
  static func settled(
    of lock: String, found pids: [Int32], lookingUntil deadline: Instant
  ) -> [LockHolder] {
    var holders = pids.compactMap { LockHolder(pid: $0, of: lock) }
    while isUnclear(holders, lock), Instant.now < deadline {
      usleep(10_000)
      holders = Self.holders(of: lock)
    }
    return holders
  }

  private static func isUnclear(_ holders: [LockHolder], _ lock: String) -> Bool {
    guard holders.isEmpty else { return holders.contains(where: \.isBeforeExec) }
    // A lock that cannot be asked for is taken for free: the start that follows finds out, and says so.
    return (try? FileLock.isHeld(lock)) == true
  }

  /// Whether it is a child between its fork and its exec: it still shows its supervisor's command line.
  var isBeforeExec: Bool { words.dropFirst().starts(with: ["supervisor", "run"]) }

  var description: String { Self.describe(process.pid) }

  /// A process for a person: `process 77 (flock)`.
  static func describe(_ pid: Int32) -> String {
    describe(pid, ProcessTable.program(pid: pid))
  }

  static func describe(_ pid: Int32, _ program: String?) -> String {
    "process \(pid)" + (program.map { " (\($0))" } ?? "")
  }

  /// Who holds a lock, at whatever descriptor, for a person.
  ///
  /// Looks at every descriptor of every process: it may take a while.
  static func describeAny(of lock: String) -> String {
    let known = ProcessTable.flockHolders(of: lock).filter { $0 != getpid() }.map(describe)
    return known.isEmpty ? "a process that cannot be seen from here" : known.joined(separator: " and ")
  }
}
