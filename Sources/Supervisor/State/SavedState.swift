package import Host
internal import JSON
package import Machine

/// What a VM's `state.json` holds: causes and counters that outlive the supervisor.
package struct SavedState: Sendable, Equatable {
  package var lifecycle: Lifecycle
  package var wish: Int

  /// The QEMU whose life this is; nil when none ran.
  package var pid: Int32?

  /// The machine as the running QEMU was started with; nil when none runs.
  package var machine: MachineFacts?
  package var startedAt: Timestamp?

  /// Where in the console's log the running guest's last boot began, in bytes.
  package var consoleStart: Int64?

  package init(
    lifecycle: Lifecycle, wish: Int, pid: Int32? = nil, machine: MachineFacts? = nil,
    startedAt: Timestamp? = nil, consoleStart: Int64? = nil
  ) {
    self.consoleStart = consoleStart
    self.lifecycle = lifecycle
    self.wish = wish
    self.pid = pid
    self.machine = machine
    self.startedAt = startedAt
  }

  func bytes() -> [UInt8] {
    var object: JSONObject = [
      "format": JSONValue(StateDirectory.version), "boot": JSONValue(Self.boot),
      "phase": JSONValue(lifecycle.lastKnown.rawValue), "cause": JSONValue(lifecycle.cause),
      "restarts": JSONValue(lifecycle.restarts), "consecutive": JSONValue(lifecycle.budget.consecutive),
      "failures": .array(lifecycle.budget.failures.map { JSONValue($0.nanoseconds) }),
      "wish": JSONValue(wish),
    ]
    if case .backoff(let until) = lifecycle.phase { object["until"] = JSONValue(until.nanoseconds) }
    if let since = lifecycle.runningSince { object["runningSince"] = JSONValue(since.nanoseconds) }
    if let restartCause = lifecycle.restartCause { object["restartCause"] = JSONValue(restartCause) }
    if let pid { object["pid"] = JSONValue(Int(pid)) }
    if let machine { object["machine"] = .object(machine.json) }
    if lifecycle.startsAgain { object["startsAgain"] = true }
    if let consoleStart { object["consoleStart"] = JSONValue(consoleStart) }
    if let startedAt { object["startedAt"] = JSONValue(startedAt.microseconds) }
    if lifecycle.hasProcess {
      if let ending = lifecycle.ending { object["ending"] = .object(ending.json) }
      if let resets = lifecycle.bootResets { object["bootResets"] = JSONValue(resets) }
      if let bootedAt = lifecycle.bootedAt { object["bootedAt"] = JSONValue(bootedAt.nanoseconds) }
    }
    if let check = lifecycle.check {
      var health: JSONObject = ["ready": .bool(check.isReady)]
      if let readyBy = check.readyBy { health["readyBy"] = JSONValue(readyBy.nanoseconds) }
      if let silence = check.silence { health["silence"] = .string(silence) }
      if let lateness = check.lateness { health["lateness"] = .string(lateness) }
      object["health"] = .object(health)
    }
    return JSONValue.object(object).bytes()
  }

  /// Reads what was kept; `isOtherBoot` tells that its moments say nothing any more, `damage` in words why there is
  /// nothing.
  ///
  /// A file that is missing or torn costs the counters, never the VM: its wish lies elsewhere. One of a version that
  /// is not known is refused. `survivor` is the QEMU that was found alive, if one was.
  static func read(
    _ folder: VMFolder, _ record: VMRecord?, desired: DesiredState, survivor: Int32?
  ) throws(Unreadable) -> (saved: SavedState, isOtherBoot: Bool, damage: String?) {
    let (contents, damage) = try contents(folder)
    guard let value = contents else { return (nothing(folder, record, desired: desired), false, damage) }
    var lifecycle = rules(record, desired)
    let wish = value["wish"]?.int ?? 0
    // A wish to run that was confirmed and not yet acted on.
    let isUnfulfilled = desired == .running && folder.wantedWish > wish
    let isOtherBoot = value["boot"]?.string != Self.boot
    func instant(_ key: String) -> Instant? {
      isOtherBoot ? nil : (value[key]?.int).map { Instant(nanoseconds: Int64($0)) }
    }
    let failures = isOtherBoot ? [] : (value["failures"]?.array ?? []).compactMap(\.int)
    lifecycle.phase =
      isUnfulfilled
      ? .starting(Lifecycle.Start())
      : Self.phase(value["phase"]?.string ?? "", until: instant("until"))
    lifecycle.cause = value["cause"]?.string ?? ""
    lifecycle.restarts = value["restarts"]?.int ?? 0
    lifecycle.budget = RestartBudget(
      consecutive: isOtherBoot ? 0 : value["consecutive"]?.int ?? 0,
      failures: failures.map { Instant(nanoseconds: Int64($0)) })
    lifecycle.runningSince = instant("runningSince")
    lifecycle.restartCause = value["restartCause"]?.string
    lifecycle.startsAgain = value["startsAgain"]?.bool ?? false
    lifecycle.ending = value["ending"]?.object.flatMap(Ending.init(json:))
    if isUnfulfilled {
      // What came after a stop is a start behind it.
      if value["phase"]?.string == VMState.stopping.rawValue { lifecycle.startsAgain = true }
      lifecycle.ending = nil
    }
    (lifecycle.bootResets, lifecycle.bootedAt) = (value["bootResets"]?.int, instant("bootedAt"))
    let health = value["health"]
    if let check = lifecycle.check, let health, !isOtherBoot {
      lifecycle.check = HealthCheck(
        check.rules, isReady: health["ready"]?.bool ?? false,
        readyBy: (health["readyBy"]?.int).map { Instant(nanoseconds: Int64($0)) },
        silence: health["silence"]?.string, lateness: health["lateness"]?.string)
    }
    var saved = SavedState(
      lifecycle: lifecycle, wish: max(wish, folder.wantedWish),
      pid: (value["pid"]?.int).flatMap { Int32(exactly: $0) },
      machine: value["machine"].flatMap { try? MachineFacts(json: $0) },
      startedAt: (value["startedAt"]?.int).map { Timestamp(microseconds: Int64($0)) },
      consoleStart: (value["consoleStart"]?.int).map { Int64($0) })
    if let survivor, survivor != saved.pid {
      // Started just before its supervisor died: what was written is of the one before, paused or healthy as it was.
      saved.lifecycle.beginAnew()
      (saved.startedAt, saved.consoleStart) = (nil, FileSystem.size(of: folder.consoleLog))
    }
    return (saved, isOtherBoot, nil)
  }

  /// The state of a VM of which nothing was kept but its wish.
  static func nothing(_ folder: VMFolder, _ record: VMRecord?, desired: DesiredState) -> SavedState {
    var lifecycle = rules(record, desired)
    if desired == .running { lifecycle.phase = .starting(Lifecycle.Start()) }
    lifecycle.cause = desired == .running ? "started by the user" : "not started"
    return SavedState(lifecycle: lifecycle, wish: folder.wantedWish)
  }

  /// A life that has not begun, with what the definition says of it.
  private static func rules(_ record: VMRecord?, _ desired: DesiredState) -> Lifecycle {
    var lifecycle = Lifecycle(
      policy: record?.restartPolicy ?? RestartPolicy(), stopTimeout: record?.stopTimeout ?? .seconds(60),
      desired: desired)
    lifecycle.check = record?.flat.health.map { HealthCheck($0) }
    lifecycle.onHang = record?.flat.onHang ?? .restart
    lifecycle.keepsPanicked = record?.flat.settings.panic == .pause
    return lifecycle
  }

  /// Why a `state.json` is not used.
  package struct Unreadable: Error, Sendable, Equatable, CustomStringConvertible {
    package let file: String
    package let version: String

    package var description: String {
      """
      \(file) has version \(version), this qemuvm knows \(StateDirectory.version); use the qemuvm that wrote it, \
      or remove the file, which costs the VM's causes and counters
      """
    }
  }

  /// The file's object; nil when there is none, or it is damaged, as the words say.
  private static func contents(
    _ folder: VMFolder
  ) throws(Unreadable) -> (value: JSONValue?, damage: String?) {
    let consequence = "the VM's causes and counters begin anew"
    let bytes: [UInt8]
    do throws(SystemError) {
      guard let found = try FileSystem.readIfPresent(folder.state) else { return (nil, nil) }
      bytes = found
    } catch {
      return (nil, "\(folder.state) cannot be read (\(error.reason)): \(consequence)")
    }
    guard let value = try? JSONValue(parsing: bytes), value.object != nil, let format = value["format"],
      value["phase"]?.string != nil || format.int != StateDirectory.version
    else {
      return (nil, "\(folder.state) is damaged: \(consequence)")
    }
    guard format.int == StateDirectory.version else {
      throw Unreadable(file: folder.state, version: "\(format)")
    }
    return (value, nil)
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
