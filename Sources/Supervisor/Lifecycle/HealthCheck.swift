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

  /// Whether the guest has become ready since its last boot: its console said so, and it has answered, or nothing is
  /// asked of it.
  package var isReady: Bool { hasShown && hasAnsweredItself }

  /// Whether its console has shown what it is to show, and whether the guest itself has answered, since its last boot.
  private var hasShown = false
  private var hasAnsweredItself = false

  /// That QEMU does not answer, in words; nil when it does.
  package private(set) var silence: String?

  /// That the guest was not ready in time, in words; nil when it was.
  package private(set) var lateness: String?

  /// That the guest itself does not answer any more, in words; nil when it does.
  package private(set) var guestSilence: String?

  /// What is wrong with it, in words; nil when nothing is.
  package var trouble: String? { silence ?? guestSilence ?? lateness }

  /// Whether QEMU's process was stopped by a signal when it last did not answer.
  package private(set) var isProcessStopped = false

  /// Whether it is known when the guest began to boot.
  package private(set) var isBooted = false

  /// When the guest must be ready; nil when it is, or is too late already.
  package private(set) var readyBy: Instant?

  /// When the next probe is due; nil while an answer is awaited, or it is not probed.
  private var nextProbe: Instant?

  /// When the guest itself is probed next, and which probe that will be: the answer to another one is none.
  private var nextGuestProbe: Instant?
  private var guestProbe = 0

  /// Probes of the guest without an answer in a row, and what the last one came to, in words.
  private var guestFailures = 0
  private var lastFailure: String?

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
    _ rules: HealthSetting, isReady: Bool, readyBy: Instant?, silence: String?, lateness: String?,
    guestSilence: String? = nil
  ) {
    self.rules = rules
    hasShown = isReady || rules.console == nil
    hasAnsweredItself = isReady || rules.probe == nil
    self.guestSilence = guestSilence
    isBooted = true
    hasAnswered = isReady
    self.readyBy = readyBy
    self.silence = silence
    self.lateness = lateness
  }

  /// What it is not ready for yet, in words; nil when it is ready.
  package var waitsFor: String? {
    if isReady { return nil }
    if !hasShown { return "its console has not shown '\(rules.console?.text ?? "")' yet" }
    switch rules.probe {
    case .port(let port): return lastFailure ?? "its port \(port) has not answered yet"
    case .ssh, nil: return lastFailure ?? "its sshd has not answered yet"
    }
  }

  /// The state of a guest that runs.
  package var health: Health {
    if trouble != nil { return .unhealthy }
    return isReady && hasAnswered ? .healthy : .starting
  }

  /// When `isProbeDue` will be true, or `guestProbeDue` gives one, or the guest is late.
  package var nextDeadline: Instant? {
    isProbing ? [nextProbe, nextGuestProbe, readyBy].compactMap { $0 }.min() : nil
  }

  /// Whether the console is still to be read.
  package var awaitsConsole: Bool { !hasShown && rules.console != nil }

  /// The guest begins to boot, in a QEMU that was just started or one that it has reset: all that was known is past.
  package mutating func boot(_ now: Instant, inNewQEMU: Bool) {
    if inNewQEMU { hasAnswered = false }
    hasShown = rules.console == nil
    hasAnsweredItself = rules.probe == nil
    isBooted = true
    readyBy = isReady ? nil : now + rules.startPeriod
    (silence, lateness, guestSilence) = (nil, nil, nil)
    probeGuestAnew(at: now + rules.startInterval)
    isProcessStopped = false
    unanswered = 0
    idle = 0
  }

  /// The first probe is due now.
  package mutating func beginProbing(_ now: Instant) {
    guard !isProbing else { return }
    isProbing = true
    nextProbe = now
    probeGuestAnew(at: now)
  }

  /// What a probe of the guest comes to that is under way says nothing any more.
  private mutating func probeGuestAnew(at time: Instant?) {
    guard rules.probe != nil else { return }
    guestProbe += 1
    (guestFailures, lastFailure) = (0, nil)
    nextGuestProbe = isProbing ? time : nil
  }

  /// It is not probed for the time being.
  package mutating func stopProbing() {
    isProbing = false
    nextProbe = nil
    probeGuestAnew(at: nil)
    unanswered = 0
    idle = 0
  }

  /// Whether a probe is due; it is then taken to be under way.
  package mutating func isProbeDue(_ now: Instant) -> Bool {
    guard isProbing, let due = nextProbe, now >= due else { return false }
    nextProbe = nil
    return true
  }

  /// The number of the probe of the guest that is due; it is then taken to be under way.
  package mutating func guestProbeDue(_ now: Instant) -> Int? {
    guard isProbing, let due = nextGuestProbe, now >= due else { return nil }
    nextGuestProbe = nil
    guestProbe += 1
    return guestProbe
  }

  /// Notes that the guest is late; true when that is news.
  package mutating func isLate(_ now: Instant) -> Bool {
    guard let limit = readyBy, now >= limit else { return false }
    readyBy = nil
    let time = rules.startPeriod.inWords
    if hasShown {
      lateness = "it was not ready within \(time)" + (lastFailure.map { ": \($0)" } ?? "")
    } else {
      lateness = "its console has not shown '\(rules.console?.text ?? "")' within \(time)"
    }
    return true
  }

  /// The console showed the pattern.
  package mutating func consoleShowed() {
    hasShown = true
    endLateness()
  }

  private mutating func endLateness() {
    guard isReady else { return }
    readyBy = nil
    lateness = nil
  }

  /// The guest has answered a probe; of an earlier one it is no news.
  package mutating func guestAnswered(_ number: Int, _ now: Instant) {
    guard isProbing, number == guestProbe else { return }
    hasAnsweredItself = true
    (guestFailures, lastFailure, guestSilence) = (0, nil, nil)
    endLateness()
    nextGuestProbe = now + rules.interval
  }

  /// The guest has not; `words` say what was seen.
  package mutating func guestFailed(_ number: Int, _ words: String, _ now: Instant) {
    guard isProbing, number == guestProbe else { return }
    lastFailure = words
    nextGuestProbe = now + (readyBy == nil ? rules.interval : rules.startInterval)
    // One that has never answered is late in its time.
    guard hasAnsweredItself else { return }
    guestFailures += 1
    guard guestFailures >= rules.retries, guestSilence == nil else { return }
    guestSilence = words + (guestFailures == 1 ? "" : ", \(guestFailures) times in a row")
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
