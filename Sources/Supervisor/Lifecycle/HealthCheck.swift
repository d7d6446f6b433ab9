package import Control
package import Host
package import Machine

/// Tells from probes of a guest, and from its console, whether it is well or hangs.
///
/// Pure; owned by the guest. A probe is one `query-status`. A guest hangs when its QEMU left as many probes in a row
/// unanswered as `retries` says and no vCPU ran during any of them: a slow monitor alone is none, and neither is an
/// idle guest.
package struct HealthCheck: Sendable, Equatable {
  package let rules: HealthSetting

  /// Whether the guest has become ready since its last boot: its console said so, or nothing is asked of it.
  package private(set) var isReady = false

  /// That QEMU does not answer, in words; nil when it does.
  package private(set) var silence: String?

  /// That the console has not shown in time what it is to show, in words; nil when it has.
  package private(set) var lateness: String?

  /// What is wrong with it, in words; nil when nothing is.
  package var trouble: String? { silence ?? lateness }

  /// Whether QEMU's process was stopped by a signal when it last did not answer.
  package private(set) var isProcessStopped = false

  /// Whether it is known when the guest began to boot.
  package private(set) var isBooted = false

  /// When the console's pattern must have shown; nil when it has, or is too late already.
  package private(set) var readyBy: Instant?

  /// When the next probe is due; nil while an answer is awaited, or it is not probed.
  private var nextProbe: Instant?

  /// Whether a guest runs that is to be probed.
  private var isProbing = false
  private var hasAnswered = false

  /// Probes without an answer in a row, and those of them, to the last, during which no vCPU ran.
  private var unanswered = 0
  private var idle = 0

  package init(_ rules: HealthSetting) {
    self.rules = rules
  }

  /// What an earlier supervisor knew of a guest that still runs.
  package init(
    _ rules: HealthSetting, isReady: Bool, readyBy: Instant?, silence: String?, lateness: String?
  ) {
    self.rules = rules
    self.isReady = isReady
    isBooted = true
    hasAnswered = isReady
    self.readyBy = readyBy
    self.silence = silence
    self.lateness = lateness
  }

  /// The state of a guest that runs.
  package var health: Health {
    if trouble != nil { return .unhealthy }
    return isReady && hasAnswered ? .healthy : .starting
  }

  /// When `isProbeDue` will be true, or the console is late.
  package var nextDeadline: Instant? { isProbing ? [nextProbe, readyBy].compactMap { $0 }.min() : nil }

  /// Whether the console is still to be read.
  package var awaitsConsole: Bool { rules.console != nil && !isReady }

  /// The guest begins to boot, in a QEMU that was just started or one that it has reset: all that was known is past.
  package mutating func boot(_ now: Instant, inNewQEMU: Bool) {
    if inNewQEMU { hasAnswered = false }
    isReady = rules.console == nil
    isBooted = true
    readyBy = isReady ? nil : now + rules.startPeriod
    (silence, lateness) = (nil, nil)
    isProcessStopped = false
    unanswered = 0
    idle = 0
  }

  /// The first probe is due now.
  package mutating func beginProbing(_ now: Instant) {
    guard !isProbing else { return }
    isProbing = true
    nextProbe = now
  }

  /// It is not probed for the time being.
  package mutating func stopProbing() {
    isProbing = false
    nextProbe = nil
    unanswered = 0
    idle = 0
  }

  /// Whether a probe is due; it is then taken to be under way.
  package mutating func isProbeDue(_ now: Instant) -> Bool {
    guard isProbing, let due = nextProbe, now >= due else { return false }
    nextProbe = nil
    return true
  }

  /// Notes that the console is late; true when that is news.
  package mutating func isLate(_ now: Instant) -> Bool {
    guard let limit = readyBy, now >= limit else { return false }
    readyBy = nil
    lateness = "its console has not shown '\(rules.console?.text ?? "")' within \(rules.startPeriod.inWords)"
    return true
  }

  /// The console showed the pattern.
  package mutating func becameReady() {
    isReady = true
    readyBy = nil
    lateness = nil
  }

  package mutating func answered(_ now: Instant) {
    hasAnswered = true
    unanswered = 0
    idle = 0
    silence = nil
    isProcessStopped = false
    if isProbing { nextProbe = now + rules.interval }
  }

  /// What a probe without an answer amounts to.
  package enum Verdict: Sendable, Equatable {
    /// Not yet enough to say anything, or said already.
    case noted
    case unhealthy

    /// With what was seen, in words.
    case hung(String)
  }

  package mutating func unanswered(vcpusRan: Bool, isStopped: Bool, _ now: Instant) -> Verdict {
    guard isProbing else { return .noted }
    unanswered += 1
    isProcessStopped = isStopped
    idle = vcpusRan ? 0 : idle + 1
    nextProbe = now + rules.interval
    guard unanswered >= rules.retries else { return .noted }
    let times = unanswered == 1 ? "" : ", \(unanswered) times in a row"
    let seen = "QEMU's monitor did not answer within \(rules.timeout.inWords)\(times)"
    if idle >= rules.retries {
      let stopped = isStopped ? "; its process is stopped (SIGSTOP)" : ""
      let isNews = idle == rules.retries
      let words = "\(seen), and no vCPU ran meanwhile\(stopped)"
      silence = words
      return isNews ? .hung(words) : .noted
    }
    let isNews = silence == nil
    silence = "\(seen), though its vCPUs run"
    return isNews ? .unhealthy : .noted
  }
}
