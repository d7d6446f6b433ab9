internal import Dispatch
package import Host

/// Keeps logs below their sizes while guests write them.
///
/// A log is looked at some time after it has been written, from one second to ten: the sooner, the faster it was seen
/// to grow. One that nobody writes costs nothing, not even a timer. One that cannot be watched or rotated is tried again
/// for as long as that lasts. One that somebody has removed is kept below its size all the same: its writer has it open,
/// and is reached through that. The logs themselves are touched on lanes: one that hangs delays those alone that share
/// its lane. The methods return at once.
package actor RotatedLogs {
  /// How long after a modification a log is looked at.
  private static let soonest = Duration.seconds(1)
  package static let latest = Duration.seconds(10)

  /// Who writes a log, and what it wants to know of it.
  package struct Writer: Sendable {
    let pid: Int32

    /// Called once, on the log's lane, when the log has been removed under the writer.
    let removed: @Sendable () -> Void

    package init(pid: Int32, removed: @escaping @Sendable () -> Void) {
      self.pid = pid
      self.removed = removed
    }
  }

  private struct Log {
    /// Tells it from one that was kept before under its path.
    let number: Int
    var rotation: LogRotation
    let writer: Writer?

    /// Where it is touched.
    let lane: Lane
    let moved: @Sendable (Int64) -> Void

    /// Waits for the next modification; nil while a look is due or under way.
    var question: FileWatch.Token?

    /// Whether it is being looked at, and whether it was modified meanwhile.
    var isInspected = false
    var isModifiedMeanwhile = false

    /// When it was modified first since the last look.
    var modified: Instant?

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
  private var keptCount = 0

  /// When logs are looked at that were written; by their paths.
  private var dues = DueQueue<String, Instant>()

  /// What the timer is set to; it may then find that nothing is due.
  private var armedFor: Instant?
  private lazy var timer = DeadlineTimer(queue: executor.queue) { [weak self] in
    self?.assumeIsolated { $0.lookAtDue() }
  }

  package init(_ watch: FileWatch, faultPause: Duration = RotatedLogs.latest) {
    self.watch = watch
    self.faultPause = faultPause
  }

  /// Keeps a log, made if it is not there yet, from here on; what an interrupted rotation has left to do is done.
  ///
  /// Touches it on the lane alone, the same each time for one log, and calls the handler there with the number of bytes
  /// by which the rest of the log has moved towards its beginning, each time it has. A log that is kept already is kept
  /// as this says.
  package nonisolated func keep(
    _ rotation: LogRotation, on lane: Lane, writer: Writer? = nil,
    moved: @escaping @Sendable (Int64) -> Void = { _ in }
  ) {
    executor.queue.async {
      self.assumeIsolated { logs in
        logs.drop(rotation.files.current)
        logs.keptCount += 1
        logs.take(
          Log(number: logs.keptCount, rotation: rotation, writer: writer, lane: lane, moved: moved))
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
    dues.remove(path)
  }

  private func take(_ log: Log) {
    let path = log.rotation.files.current
    logs[path] = log
    inspect(path, isFirst: true)
  }

  /// A log was modified: a look becomes due, and until then nobody asks.
  private func modified(_ path: String, _ number: Int) {
    guard var log = logs[path], log.number == number else { return }
    log.question = nil
    if log.isInspected {
      log.isModifiedMeanwhile = true
    } else {
      let now = Instant.now
      log.modified = now
      dues.set(path, due: now + log.delay)
    }
    logs[path] = log
    arm()
  }

  private func lookAtDue() {
    armedFor = nil
    let now = Instant.now
    while let path = dues.takeFirst(by: now) { inspect(path) }
    arm()
  }

  /// Has a log looked at on its lane; with `isFirst` it is made, too, and what was interrupted is ended.
  private func inspect(_ path: String, isFirst: Bool = false) {
    guard var log = logs[path], !log.isInspected else { return }
    let sinceModified = log.modified.map { Instant.now - $0 }
    log.modified = nil
    dues.remove(path)
    (log.isInspected, log.isModifiedMeanwhile) = (true, false)
    logs[path] = log
    let number = log.number
    let inspection = LogInspection(
      rotation: log.rotation, writer: log.writer, moved: log.moved, isFirst: isFirst,
      isForced: sinceModified == nil, watch: watch
    ) { [weak self] in
      guard let self else { return }
      executor.queue.async { self.assumeIsolated { $0.modified(path, number) } }
    }
    log.lane.add { [weak self] in
      let outcome = inspection.perform()
      guard let self else { return inspection.forget(outcome) }
      executor.queue.async {
        self.assumeIsolated { $0.wasInspected(path, number, inspection, outcome, sinceModified) }
      }
    }
  }

  private func wasInspected(
    _ path: String, _ number: Int, _ inspection: LogInspection, _ outcome: LogInspection.Outcome,
    _ time: Duration?
  ) {
    guard var log = logs[path], log.number == number else { return inspection.forget(outcome) }
    log.isInspected = false
    log.rotation = outcome.rotation
    log.question = log.isModifiedMeanwhile ? nil : outcome.question
    switch outcome.sizes {
    case .success(let sizes):
      let room = log.rotation.sizeLimit - sizes.after
      log.delay = delay(growth: sizes.before - log.size, within: time, room: room)
      log.size = sizes.after
      log.hasFailed = false
    case .failure(let error):
      if !log.hasFailed { Host.Log.note("a log cannot be kept below its size: \(error)") }
      log.hasFailed = true
      log.delay = Self.latest
      // One that is watched is looked at again when it is written.
      if outcome.question == nil { dues.set(path, due: .now + faultPause) }
    }
    if log.isModifiedMeanwhile {
      let now = Instant.now
      log.modified = now
      dues.set(path, due: now + log.delay)
    }
    logs[path] = log
    arm()
  }

  /// How long a log may be left that goes on growing as it did.
  private func delay(growth: Int64, within time: Duration?, room: Int64) -> Duration {
    guard let time else { return Self.soonest }
    guard growth > 0 else { return Self.latest }
    let seconds = Double(room) / Double(growth) * time.seconds
    return max(Self.soonest, min(Self.latest, .seconds(min(seconds, Self.latest.seconds))))
  }

  private func arm() {
    guard let due = dues.earliest, armedFor.map({ due < $0 }) ?? true else { return }
    armedFor = due
    timer.arm(at: due)
  }
}
