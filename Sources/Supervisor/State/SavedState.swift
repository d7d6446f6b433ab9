package import Host
internal import JSON
package import Machine

/// What a VM's `state.json` holds: causes and counters that outlive the supervisor.
package struct SavedState: Sendable, Equatable {
  package var lifecycle: Lifecycle
  package var wish: Int

  /// The machine as the running QEMU was started with; nil when none runs.
  package var machine: MachineFacts?
  package var startedAt: Timestamp?

  package init(lifecycle: Lifecycle, wish: Int, machine: MachineFacts? = nil, startedAt: Timestamp? = nil) {
    self.lifecycle = lifecycle
    self.wish = wish
    self.machine = machine
    self.startedAt = startedAt
  }

  func bytes() -> [UInt8] {
    var object: JSONObject = [
      "format": JSONValue(StateDirectory.version), "boot": JSONValue(Self.boot),
      "phase": JSONValue(lifecycle.state.rawValue), "cause": JSONValue(lifecycle.cause),
      "restarts": JSONValue(lifecycle.restarts), "consecutive": JSONValue(lifecycle.budget.consecutive),
      "failures": .array(lifecycle.budget.failures.map { JSONValue($0.nanoseconds) }),
      "wish": JSONValue(wish),
    ]
    if case .backoff(let until) = lifecycle.phase { object["until"] = JSONValue(until.nanoseconds) }
    if let since = lifecycle.runningSince { object["runningSince"] = JSONValue(since.nanoseconds) }
    if let restartCause = lifecycle.restartCause { object["restartCause"] = JSONValue(restartCause) }
    if let machine { object["machine"] = .object(machine.json) }
    if lifecycle.startsAgain { object["startsAgain"] = true }
    if let startedAt { object["startedAt"] = JSONValue(startedAt.microseconds) }
    return JSONValue.object(object).bytes()
  }

  /// Reads what was kept; `isOtherBoot` tells that its moments say nothing any more.
  static func read(
    _ folder: VMFolder, policy: RestartPolicy, stopTimeout: Duration, desired: DesiredState
  ) -> (saved: SavedState, isOtherBoot: Bool) {
    // A file that is missing or torn costs the counters, never the VM: its wish lies elsewhere.
    let value = (try? FileSystem.read(folder.state)).flatMap { try? JSONValue(parsing: $0) }
    guard let value, value["format"]?.int == StateDirectory.version, let phase = value["phase"]?.string else {
      let lifecycle = Lifecycle(
        policy: policy, stopTimeout: stopTimeout, desired: desired,
        phase: desired == .running ? .starting(Lifecycle.Start()) : .stopped,
        cause: desired == .running ? "started by the user" : "not started")
      return (SavedState(lifecycle: lifecycle, wish: folder.wantedWish), false)
    }
    let wish = value["wish"]?.int ?? 0
    // A wish to run that was confirmed and not yet acted on.
    let isUnfulfilled = desired == .running && folder.wantedWish > wish
    let isOtherBoot = value["boot"]?.string != Self.boot
    func instant(_ key: String) -> Instant? {
      isOtherBoot ? nil : (value[key]?.int).map { Instant(nanoseconds: Int64($0)) }
    }
    let failures = isOtherBoot ? [] : (value["failures"]?.array ?? []).compactMap(\.int)
    let lifecycle = Lifecycle(
      policy: policy, stopTimeout: stopTimeout, desired: desired,
      phase: isUnfulfilled ? .starting(Lifecycle.Start()) : Self.phase(phase, until: instant("until")),
      cause: value["cause"]?.string ?? "",
      restarts: value["restarts"]?.int ?? 0,
      budget: RestartBudget(
        consecutive: isOtherBoot ? 0 : value["consecutive"]?.int ?? 0,
        failures: failures.map { Instant(nanoseconds: Int64($0)) }),
      runningSince: instant("runningSince"), restartCause: value["restartCause"]?.string,
      startsAgain: value["startsAgain"]?.bool ?? false)
    let saved = SavedState(
      lifecycle: lifecycle, wish: max(wish, folder.wantedWish),
      machine: value["machine"].flatMap { try? MachineFacts(json: $0) },
      startedAt: (value["startedAt"]?.int).map { Timestamp(microseconds: Int64($0)) })
    return (saved, isOtherBoot)
  }

  private static func phase(_ name: String, until: Instant?) -> Lifecycle.Phase {
    switch VMState(rawValue: name) {
    case .running: .running
    case .paused: .paused(.user)
    case .stopping: .stopping(StopLadder.begin(at: .kill, now: .now).ladder)
    case .backoff: .backoff(until: until ?? .now)
    case .failed: .failed
    case .starting: .starting(Lifecycle.Start())
    case .stopped, nil: .stopped
    }
  }

  private static let boot = StateDirectory.bootID
}
