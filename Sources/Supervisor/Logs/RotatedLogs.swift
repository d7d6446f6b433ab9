internal import Dispatch
package import Host

/// Keeps logs below their sizes while guests write them.
///
/// A log is looked at some time after it has been written, from one second to ten: the sooner, the faster it was seen
/// to grow. One that nobody writes costs nothing, not even a timer. One that cannot be watched or rotated is tried again
/// for as long as that lasts. One that somebody has removed is kept below its size all the same: its writer has it open,
/// and is reached through that. An actor on a serial queue of its own, which may block on the disk; the other methods
/// return at once.
package actor RotatedLogs {
  /// How long after a modification a log is looked at.
  private static let soonest = Duration.seconds(1)
  package static let latest = Duration.seconds(10)

  /// Who writes a log, and what it wants to know of it.
  package struct Writer: Sendable {
    let pid: Int32

    /// Called once, on this actor's queue, when the log has been removed under the writer.
    let removed: @Sendable () -> Void

    package init(pid: Int32, removed: @escaping @Sendable () -> Void) {
      self.pid = pid
      self.removed = removed
    }
  }

  private struct Log {
    var rotation: LogRotation
    let writer: Writer?
    let moved: @Sendable (Int64) -> Void

    /// Waits for the next modification; nil while a look is due.
    var question: FileWatch.Token?

    /// When it was modified first since the last look, and when it is looked at therefore.
    var modified: Instant?
    var due: Instant?

    /// What it had in bytes after the last look.
    var size: Int64 = 0

    /// How long after the next modification it is looked at.
    var delay = RotatedLogs.soonest

    /// Whether the last rotation failed: it is said once.
    var hasFailed = false
  }

  package nonisolated let executor = QueueExecutor(label: "logs")
  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  private let watch: FileWatch

  /// How long after a fault a log is tried again.
  private let faultPause: Duration
  private var logs: [String: Log] = [:]
  private lazy var timer = DeadlineTimer(queue: executor.queue) { [weak self] in
    self?.assumeIsolated { $0.lookAtDue() }
  }

  package init(_ watch: FileWatch, faultPause: Duration = RotatedLogs.latest) {
    self.watch = watch
    self.faultPause = faultPause
  }

  /// Keeps a log, made if it is not there yet, from here on; what an interrupted rotation has left to do is done.
  ///
  /// Calls the handler on this actor's queue with the number of bytes by which the rest of the log has moved towards
  /// its beginning, each time it has. A log that is kept already is kept as this says.
  package nonisolated func keep(
    _ rotation: LogRotation, writer: Writer? = nil, moved: @escaping @Sendable (Int64) -> Void = { _ in }
  ) {
    executor.queue.async {
      self.assumeIsolated {
        $0.drop(rotation.files.current)
        $0.take(Log(rotation: rotation, writer: writer, moved: moved))
      }
    }
  }

  /// Leaves a log as it is from here on.
  package nonisolated func release(_ path: String) {
    executor.queue.async { self.assumeIsolated { $0.drop(path) } }
  }

  private func drop(_ path: String) {
    guard let log = logs.removeValue(forKey: path) else { return }
    if let question = log.question { watch.cancel(question) }
    arm()
  }

  private func take(_ log: Log) {
    let path = log.rotation.files.current
    // What cannot be opened is not there to be watched either, which says why.
    _ = try? FileDescriptor.openLog(path)
    logs[path] = log
    look(path)
    arm()
  }

  /// A log was modified: a look becomes due, and until then nobody asks.
  private func modified(_ path: String) {
    guard var log = logs[path] else { return }
    let now = Instant.now
    log.question = nil
    (log.modified, log.due) = (now, now + log.delay)
    logs[path] = log
    arm()
  }

  private func lookAtDue() {
    let now = Instant.now
    for (path, log) in logs where log.due.map({ $0 <= now }) == true { look(path) }
    arm()
  }

  private func look(_ path: String) {
    guard var log = logs[path] else { return }
    let sinceModified = log.modified.map { Instant.now - $0 }
    (log.modified, log.due) = (nil, nil)
    if log.rotation.writtenAt == path, let writer = log.writer,
      let place = ProcessTable.place(ofRemoved: path, in: writer.pid)
    {
      log.rotation = log.rotation.written(at: place)
      writer.removed()
    }
    do throws(SystemError) {
      // Asked first: what is written behind the look is told.
      log.question = try watch.watch(log.rotation.writtenAt) { [weak self] in
        guard let self else { return }
        executor.queue.async { self.assumeIsolated { $0.modified(path) } }
      }
      let size = try log.rotation.size()
      if sinceModified == nil || size >= log.rotation.sizeLimit { try log.rotation.rotate(moved: log.moved) }
      let growth = size - log.size
      log.size = try log.rotation.size()
      log.delay = delay(growth: growth, within: sinceModified, room: log.rotation.sizeLimit - log.size)
      log.hasFailed = false
    } catch {
      if !log.hasFailed { Host.Log.note("a log cannot be kept below its size: \(error)") }
      log.hasFailed = true
      log.delay = Self.latest
      // One that is watched is looked at again when it is written.
      if log.question == nil { log.due = .now + faultPause }
    }
    logs[path] = log
  }

  /// How long a log may be left that goes on growing as it did.
  private func delay(growth: Int64, within time: Duration?, room: Int64) -> Duration {
    guard let time else { return Self.soonest }
    guard growth > 0 else { return Self.latest }
    let seconds = Double(room) / Double(growth) * time.seconds
    return max(Self.soonest, min(Self.latest, .seconds(min(seconds, Self.latest.seconds))))
  }

  private func arm() {
    timer.arm(at: logs.values.compactMap(\.due).min())
  }
}
