internal import Dispatch
internal import Glibc
internal import Host
internal import Synchronization

/// The programs that are being asked something: they have sessions of their own, and end with this program all the same.
enum AskedPrograms {
  private static let running = Mutex<[ObjectIdentifier: ChildProcess]>([:])

  /// Asks one; whoever interrupts this program ends that one, too.
  static func ask<Answer, Failure: Error>(
    _ process: ChildProcess, _ body: () throws(Failure) -> Answer
  ) throws(Failure) -> Answer {
    running.withLock { $0[ObjectIdentifier(process)] = process }
    defer { running.withLock { $0[ObjectIdentifier(process)] = nil } }
    return try body()
  }

  /// From here on, as long as the value lives.
  static func watch() -> SignalWatch {
    SignalWatch([SIGINT, SIGTERM, SIGHUP], queue: DispatchQueue(label: "signals")) { number in
      end()
      _exit(128 + number)
    }
  }

  /// Ends those that have not answered.
  static func end() {
    for process in running.withLock({ Array($0.values) }) where !process.hasExited { _ = process.endGroup() }
  }
}
