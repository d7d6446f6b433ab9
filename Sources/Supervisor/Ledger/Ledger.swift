package import Control
internal import Dispatch
package import Host
package import Machine
internal import Synchronization

/// The record of everything that happened: an append-only file of JSON lines, numbered without end.
///
/// An actor on a serial queue of its own, which may block on the disk; those who record never wait for it, and a disk
/// that is full or hangs costs records and nothing else: how many were lost stands in the next one that is written.
/// Only what is on file has a number, and only what has a number is told.
///
/// A record that belongs to a promise is on disk (fdatasync) within `syncDelay`, not before the promise is answered:
/// the promise itself is kept by the VM's own files, and the delay makes one sync of a whole lab's start. Nothing on
/// the way from a crash to the next start is ever synced.
package actor Ledger {
  /// How long a promise's record may wait for others to be synced with it.
  static let syncDelay = Duration.milliseconds(100)

  /// Records that may wait for a disk that hangs.
  static let waitingLimit = 10_000

  /// What numbers are left out when the host went down without a word: records that it lost with its memory may
  /// have been told to somebody, and a number means one record for ever.
  static let rebootLeap = 10_000

  package nonisolated let executor = QueueExecutor(label: "ledger")
  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// For reading, any time and beside the writing.
  package nonisolated let reader: LedgerReader

  private nonisolated let waiting = Atomic<Int>(0)
  private nonisolated let dropped = Atomic<Int>(0)
  private let boot: String
  private let kernelOOMKills: @Sendable () -> Int?
  private var writer: LedgerWriter?

  /// What is to stand before the next record.
  private var gap: LedgerEvent?
  private var number = 0
  private var lost = 0
  private var oom: OOMCounter?
  private var isSyncDue = false
  private var tell: @Sendable (LedgerRecord) -> Void = { _ in }

  /// Opens nothing yet: that is done for the first record, on the ledger's queue.
  package init(
    _ files: LedgerFiles, boot: String = StateDirectory.bootID,
    oomKills: @escaping @Sendable () -> Int? = OOMCounter.kernelCount
  ) {
    reader = LedgerReader(files)
    self.boot = boot
    kernelOOMKills = oomKills
  }

  /// Calls the handler on the ledger's queue with each record from here on, in their order.
  package nonisolated func onRecord(_ handler: @escaping @Sendable (LedgerRecord) -> Void) {
    executor.queue.async { self.assumeIsolated { $0.tell = handler } }
  }

  /// Records something that happened; returns at once.
  ///
  /// Records of one caller keep their order.
  package nonisolated func append(
    _ event: LedgerEvent, of name: VMName? = nil, at time: Timestamp = .now, isPromise: Bool = false
  ) {
    // As precise as it is written: who is told a record and who reads it see the same.
    let time = Timestamp(microseconds: time.microseconds / 1000 * 1000)
    guard waiting.add(1, ordering: .relaxed).newValue <= Self.waitingLimit else {
      waiting.subtract(1, ordering: .relaxed)
      dropped.add(1, ordering: .relaxed)
      return
    }
    executor.queue.async {
      self.waiting.subtract(1, ordering: .relaxed)
      self.assumeIsolated { $0.take(event, name, time, isPromise: isPromise) }
    }
  }

  /// Records a supervisor's start or leave.
  package nonisolated func append(
    _ action: LedgerEvent.SupervisorFacts.Action, why: String? = nil, version: String, pid: Int32
  ) {
    let facts = LedgerEvent.SupervisorFacts(action: action, why: why, version: version, pid: pid, boot: boot)
    append(.supervisor(facts), isPromise: true)
  }

  /// Returns when everything recorded so far is written, or lost.
  package func catchUp() {}

  /// Blocks until everything recorded so far is on disk, or lost, or the limit has passed.
  package nonisolated func settle(within limit: Duration = .seconds(2)) {
    let sync = DispatchWorkItem { self.assumeIsolated { $0.sync() } }
    executor.queue.async(execute: sync)
    _ = sync.wait(timeout: .now() + .nanoseconds(Int(limit.nanoseconds)))
  }

  private func take(_ event: LedgerEvent, _ name: VMName?, _ time: Timestamp, isPromise: Bool) {
    do throws(SystemError) {
      try openIfNeeded(at: time)
      if let gap {
        try write(gap, nil, time)
        self.gap = nil
      }
      try write(completed(event), name, time)
      if isPromise { syncSoon() }
    } catch {
      if lost == 0 { Log.note("the ledger cannot be written, records are lost: \(error)") }
      lost += 1
    }
  }

  private func write(_ event: LedgerEvent, _ name: VMName?, _ time: Timestamp) throws(SystemError) {
    lost += dropped.exchange(0, ordering: .relaxed)
    let record = LedgerRecord(seq: number + 1, time: time, name: name?.full, event: event, lost: lost)
    try writer?.append(record.line)
    number += 1
    lost = 0
    tell(record)
  }

  /// Finds the end of what is there, and where no supervisor was.
  private func openIfNeeded(at time: Timestamp) throws(SystemError) {
    guard writer == nil else { return }
    let tail = try LedgerTail.read(reader.files)
    writer = LedgerWriter(reader.files, after: tail)
    oom = OOMCounter(kernelOOMKills)
    number = tail.number ?? 0
    guard tail.number != nil || tail.tornBytes > 0 else { return }
    // Also where it cannot be known.
    if tail.boot != boot, !tail.wasOrderly { number += Self.rebootLeap }
    let seconds = tail.time.map { Double((time.microseconds - $0.microseconds) / 1000) / 1000 }
    gap = .gap(
      LedgerEvent.GapFacts(
        since: tail.time, seconds: seconds, wasOrderly: tail.wasOrderly,
        hasRebooted: tail.boot.map { $0 != boot } ?? false, tornBytes: tail.tornBytes))
  }

  /// Adds what only the kernel knows of an end by signal 9.
  private func completed(_ event: LedgerEvent) -> LedgerEvent {
    switch event {
    case .spawned:
      // What was killed before concerns others.
      _ = oom?.take()
    case .exited(var facts) where facts.status == .signal(Signal.kill) && !facts.isRecordedLate:
      facts.oomKills = oom?.take()
      return .exited(facts)
    default:
      break
    }
    return event
  }

  private func syncSoon() {
    guard !isSyncDue else { return }
    isSyncDue = true
    executor.after(Self.syncDelay) { self.assumeIsolated { $0.sync() } }
  }

  private func sync() {
    isSyncDue = false
    do throws(SystemError) {
      try writer?.sync()
    } catch {
      Log.note("the ledger cannot be made durable: \(error)")
    }
  }
}
