internal import Host
internal import Machine

// Whether a guest that runs is well.
extension Guest {
  /// The definition's rules have changed, or come for the first time.
  mutating func define(_ rules: HealthSetting?, _ onHang: HangSetting, _ now: Instant) -> [GuestEffect] {
    guard replaceRules(rules, onHang), state == .running else { return [] }
    check?.boot(now, inNewQEMU: true)
    return [.condition("")] + probe(now)
  }

  /// The same for the guest to come; false when they are the same as before.
  mutating func replaceRules(_ rules: HealthSetting?, _ onHang: HangSetting) -> Bool {
    self.onHang = onHang
    guard rules != check?.rules else { return false }
    check = rules.map { HealthCheck($0) }
    return true
  }

  /// It is probed from now on.
  mutating func probe(_ now: Instant) -> [GuestEffect] {
    guard let known = check, isProbed else { return [] }
    check?.beginProbing(now)
    return (known.awaitsConsole ? [.watchConsole(afresh: false)] : []) + probesDue(now)
  }

  /// What the clock says of its health.
  mutating func probesDue(_ now: Instant) -> [GuestEffect] {
    guard isProbed else { return [] }
    var effects: [GuestEffect] = []
    if check?.isLate(now) == true { effects += condition() }
    if check?.isProbeDue(now) == true { effects.append(.probe) }
    if let number = check?.guestProbeDue(now) { effects.append(.probeGuest(number)) }
    return effects
  }

  /// What a probe has shown, or the console.
  mutating func probed(_ result: ProbeResult, _ now: Instant) -> [GuestEffect] {
    guard let before = check else { return [] }
    switch result {
    case .consoleShowed:
      check?.consoleShowed()
    case .guestAnswered(let number):
      check?.guestAnswered(number, now)
    case .guestFailed(let number, let words):
      check?.guestFailed(number, words, now)
    case .answered:
      check?.answered(now)
      isResetPressed = false
    case .unanswered(let vcpusRan, let isStopped):
      switch check?.unanswered(vcpusRan: vcpusRan, isStopped: isStopped, now) {
      case .hung(let words)?: return hangs(words)
      case .unhealthy?: return condition()
      case .noted?, nil: return []
      }
    }
    guard check?.health != before.health || check?.trouble != before.trouble else { return [] }
    return condition()
  }

  private mutating func hangs(_ words: String) -> [GuestEffect] {
    switch (state, onHang) {
    case (.found, .restart), (.running, .restart):
      // A process that does not run its main loop hears neither `quit` nor SIGTERM.
      return [.over(.hung(words), .kill)]
    case (.running, .reset) where !isResetPressed:
      isResetPressed = true
      return [.pressReset, .condition("; the reset button is pressed as soon as QEMU hears it")]
    case (.found, _):
      return [.foundHanging(words)]
    default:
      return condition()
    }
  }

  /// How it is has changed, which the cause of a guest that runs tells.
  private func condition() -> [GuestEffect] {
    state == .running ? [.condition("")] : []
  }
}
