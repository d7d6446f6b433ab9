internal import Control
internal import Host
internal import Machine

/// What became of a VM and why, judged from its state and its records; pure.
///
/// `verdict` is the one sentence for a person who was woken up; `advice`, in a file of its own, says what to do.
struct Diagnosis: Sendable {
  let name: VMName

  /// The VM as it is; nil for one that has been taken down.
  let report: VMReport?

  /// Its own records with the supervisor's gaps between them, the oldest first.
  let records: [LedgerRecord]

  /// What is wrong with the networks that it runs on, a sentence each.
  private let networkTroubles: [String]

  /// When it is asked for.
  private let now: Instant

  init(
    of name: VMName, report: VMReport?, records: [LedgerRecord], networkTroubles: [String] = [],
    at now: Instant = .now
  ) {
    self.name = name
    self.networkTroubles = networkTroubles
    self.now = now
    self.report = report
    self.records = Self.withoutIdleGaps(records)
  }

  /// What it is, why, and what qemuvm did about it: one sentence.
  var verdict: String {
    (["\(name) \(head)\(suspicion)"] + networkTroubles).joined(separator: "; ") + "."
  }

  var state: VMState? { report?.state }
  var desired: DesiredState? { report?.desired }
  var restarts: Int { report?.restarts ?? lastState?.restarts ?? 0 }

  /// Its own words for its state; the last ones of a VM that is gone.
  var cause: String { report?.cause(at: now) ?? lastState?.cause ?? "its records do not say why" }

  /// Why its guest last ended, if it did since its user last started it.
  var ending: EndingKind? {
    for record in records.reversed() {
      switch record.event {
      case .state(let facts) where facts.ending != nil: return facts.ending
      // A start that is no consequence of an end is the user's own.
      case .state(let facts) where facts.state == .starting && facts.restartCause == nil: return nil
      default: continue
      }
    }
    return nil
  }

  /// What stood last on the console of the guest that failed, while that failure is what its state comes from.
  var failedConsole: [String] {
    ending.map { !$0.isWanted } == true ? report?.failedConsole ?? [] : []
  }

  /// How its last QEMU ended.
  var lastExit: LedgerEvent.ExitFacts? {
    for record in records.reversed() {
      if case .exited(let facts) = record.event { return facts }
    }
    return nil
  }

  /// When its last QEMU was started.
  var lastStart: Timestamp? {
    for record in records.reversed() {
      if case .spawned = record.event { return record.time }
    }
    return nil
  }

  /// The last event of QEMU's of a name since the VM was last started.
  func lastEvent(_ name: String) -> LedgerRecord? {
    for record in records.reversed() {
      switch record.event {
      case .qmp(name, _, _): return record
      case .spawned: return nil
      default: continue
      }
    }
    return nil
  }

  // MARK: The parts of the sentence

  private var head: String {
    guard let report else {
      return "is not there any more: it was taken down\(removalTime); before that: \(cause)"
    }
    switch report.state {
    case .running where report.health == .unhealthy:
      return "runs, and is unhealthy: \(cause)"
    case .running:
      if restarts > 0, let failure = restartCause {
        return "runs again, \(tally ?? "restarted"): \(failure)"
      }
      if let ending, ending == .hostRebooted || ending == .cutOff, let restartCause {
        return "runs, \(restartCause)"
      }
      return "runs, and has not failed since its user started it"
    case .waiting: return "does not run yet: \(cause)"
    case .starting: return "is being started\(often): \(cause)"
    case .paused: return "does not run, with its memory kept: \(cause)"
    case .stopping: return "is on its way down: \(cause)"
    case .backoff: return "is down for the moment\(often): \(cause)"
    case .failed: return "is down and stays down\(often): \(cause)"
    case .stopped where report.desired == .running: return "is down, though it is wanted: \(cause)"
    case .stopped: return "is stopped: \(cause)"
    }
  }

  /// What the kernel says of an end by signal 9.
  private var suspicion: String {
    guard isKilled, let kills = lastExit?.oomKills, kills > 0 else { return "" }
    let processes = kills == 1 ? "a process" : "\(kills) processes"
    return "; most likely the host ran out of memory, for its kernel killed \(processes) at that time"
  }

  /// How often it has failed and since when, behind what it is: before the last time is told.
  private var often: String { tally.map { ", \($0)" } ?? "" }

  private var tally: String? {
    guard restarts > 0, let report, ending?.isWanted != true else { return nil }
    // One that is down has failed once more than it was restarted.
    let failures = report.state == .backoff || report.state == .failed ? restarts + 1 : restarts
    let times = failures == 1 ? "once" : "\(failures) times"
    return "and has failed \(times) since \(lastWish?.rfc3339 ?? "its user last started it")"
  }

  /// When its user last started it.
  private var lastWish: Timestamp? {
    for record in records.reversed() {
      if case .wish(let verb, .user, _) = record.event, ["up", "start", "restart"].contains(verb) {
        return record.time
      }
    }
    return nil
  }

  /// The start that was refused since a QEMU was last started.
  var lastRefusal: LedgerEvent.RefusalFacts? {
    for record in records.reversed() {
      switch record.event {
      case .refused(let facts): return facts
      case .spawned: return nil
      default: continue
      }
    }
    return nil
  }

  private var removalTime: String {
    for record in records.reversed() {
      if case .removed = record.event { return " at \(record.time.rfc3339)" }
    }
    return ""
  }

  private var restartCause: String? {
    for record in records.reversed() {
      if case .state(let facts) = record.event, let cause = facts.restartCause { return cause }
    }
    return nil
  }

  var lastState: LedgerEvent.StateFacts? {
    for record in records.reversed() {
      if case .state(let facts) = record.event { return facts }
    }
    return nil
  }

  /// Whether the last end was by a SIGKILL that was none of ours.
  var isKilled: Bool { ending == .died && lastExit?.status == .signal(Signal.kill) }

  /// Keeps of the times without a supervisor those between two of the VM's own records, the last of each row.
  ///
  /// A supervisor that came and went while nothing happened to the VM says nothing about it.
  private static func withoutIdleGaps(_ records: [LedgerRecord]) -> [LedgerRecord] {
    var kept: [LedgerRecord] = []
    var gap: LedgerRecord?
    for record in records {
      guard record.name != nil else {
        gap = record
        continue
      }
      if let gap, !kept.isEmpty { kept.append(gap) }
      gap = nil
      kept.append(record)
    }
    return kept
  }
}
