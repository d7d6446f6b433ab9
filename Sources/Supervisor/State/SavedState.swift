package import Control
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
  package var machine: MachineDescription?
  package var startedAt: Timestamp?

  /// Where in the console's log the running guest's last boot began, in bytes.
  package var consoleStart: Int64?

  /// The UUID that the running QEMU was started with.
  package var uuid: UUID?

  /// How the last QEMU ended, as it was told to the ledger; nil while none has.
  package var lastExit: LedgerEvent.ExitFacts?

  /// What stood last on the console of the guest that failed last.
  package var failedConsole: [String]

  /// Whether the running QEMU was being changed: how far that came is not known.
  package var isChanging: Bool

  /// Whether KVM is what it last ran with where that was left to us.
  package var hadKVM: Bool

  package init(
    lifecycle: Lifecycle, wish: Int, pid: Int32? = nil, machine: MachineDescription? = nil,
    startedAt: Timestamp? = nil, consoleStart: Int64? = nil, uuid: UUID? = nil,
    lastExit: LedgerEvent.ExitFacts? = nil, failedConsole: [String] = [], isChanging: Bool = false,
    hadKVM: Bool = false
  ) {
    self.isChanging = isChanging
    self.hadKVM = hadKVM
    self.consoleStart = consoleStart
    self.uuid = uuid
    self.lastExit = lastExit
    self.failedConsole = failedConsole
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
      "restarts": JSONValue(lifecycle.intent.restarts),
      "consecutive": JSONValue(lifecycle.intent.budget.consecutive),
      "failures": .array(lifecycle.intent.budget.failures.map { JSONValue($0.nanoseconds) }),
      "wish": JSONValue(wish),
    ]
    if case .backoff(let until) = lifecycle.process.state { object["until"] = JSONValue(until.nanoseconds) }
    if let since = lifecycle.guest.runningSince { object["runningSince"] = JSONValue(since.nanoseconds) }
    if let restartCause = lifecycle.intent.restartCause {
      object["restartCause"] = JSONValue(restartCause.words)
      object["restartEnding"] = restartCause.ending.map { JSONValue($0.rawValue) }
    }
    if let pid { object["pid"] = JSONValue(Int(pid)) }
    if let machine {
      let json = machine.json
      object["machine"] = .object(json.texts)
      object["started"] = json.values.map { .object($0) }
    }
    if lifecycle.intent.startsAgain { object["startsAgain"] = true }
    if hadKVM { object["hadKVM"] = true }
    if let loss = lifecycle.lostKVM { object["lostKVM"] = .string(loss) }
    if let consoleStart { object["consoleStart"] = JSONValue(consoleStart) }
    if let uuid { object["uuid"] = .string("\(uuid)") }
    if let lastExit { object["exit"] = .object(lastExit.json) }
    if !failedConsole.isEmpty { object["failedConsole"] = .array(failedConsole.map { .string($0) }) }
    if isChanging { object["changing"] = true }
    if let startedAt { object["startedAt"] = JSONValue(startedAt.microseconds) }
    if lifecycle.hasProcess {
      if let ending = lifecycle.ending { object["ending"] = .object(ending.json) }
      if let resets = lifecycle.guest.bootResets { object["bootResets"] = JSONValue(resets) }
      if let bootedAt = lifecycle.guest.bootedAt { object["bootedAt"] = JSONValue(bootedAt.nanoseconds) }
    }
    if let check = lifecycle.guest.check {
      var health: JSONObject = ["ready": .bool(check.isReady)]
      if let readyBy = check.readyBy { health["readyBy"] = JSONValue(readyBy.nanoseconds) }
      if let silence = check.silence { health["silence"] = .string(silence) }
      if let silence = check.guestSilence { health["guestSilence"] = .string(silence) }
      if let lateness = check.lateness { health["lateness"] = .string(lateness) }
      object["health"] = .object(health)
    }
    return JSONValue.object(object).bytes()
  }

  /// Reads what was kept; `isOtherBoot` tells that its moments say nothing any more, `damage` in words why there is
  /// nothing.
  ///
  /// A file that is missing or torn costs the counters, never the VM: its wish lies elsewhere. So does a number that
  /// cannot be one of ours, alone. A file of a version that is not known is refused.
  static func read(
    _ folder: VMFolder, _ record: VMRecord?, desired: DesiredState
  ) throws(Unreadable) -> (saved: SavedState, isOtherBoot: Bool, damage: String?) {
    let (contents, damage) = try contents(folder)
    guard let contents else { return (nothing(folder, record, desired: desired), false, damage) }
    let file = StateNumbers(contents, isOfThisBoot: contents["boot"]?.string == Self.boot)
    var lifecycle = rules(record, desired)
    let wish = file.count("wish") ?? 0
    // A wish to run that was confirmed and not yet acted on.
    let wanted = folder.runWish
    let isUnfulfilled = desired == .running && wanted.number > wish
    lifecycle.intent.restartCause = contents["restartCause"]?.string.map {
      RestartCause($0, contents["restartEnding"]?.string.flatMap(EndingKind.init(rawValue:)))
    }
    lifecycle.restore(
      VMState(rawValue: contents["phase"]?.string ?? "") ?? .stopped,
      until: file.moment("until", within: lifecycle.policy.longestDelay), at: .now)
    // A restart ends the QEMU that lives, which was as it was written.
    let isRestart = isUnfulfilled && wanted.isRestart && lifecycle.hasProcess
    if isUnfulfilled, !isRestart { lifecycle.restore(.starting, until: nil, at: .now) }
    lifecycle.cause = contents["cause"]?.string ?? ""
    lifecycle.lostKVM = contents["lostKVM"]?.string
    lifecycle.intent.restarts = file.count("restarts") ?? 0
    lifecycle.intent.budget = RestartBudget(
      consecutive: file.isOfThisBoot ? file.count("consecutive") ?? 0 : 0,
      failures: file.pastMoments("failures"))
    lifecycle.guest.runningSince = file.moment("runningSince")
    lifecycle.intent.startsAgain = contents["startsAgain"]?.bool ?? false
    lifecycle.ending = contents["ending"]?.object.flatMap(Ending.init(json:))
    if isUnfulfilled {
      // What came after a stop is a start behind it.
      if isRestart || contents["phase"]?.string == VMState.stopping.rawValue {
        lifecycle.intent.startsAgain = true
      }
      lifecycle.ending = nil
    }
    (lifecycle.guest.bootResets, lifecycle.guest.bootedAt) = (
      file.count("bootResets"), file.moment("bootedAt")
    )
    if let check = lifecycle.guest.check, let health = contents["health"], file.isOfThisBoot {
      let numbers = StateNumbers(health, isOfThisBoot: true)
      lifecycle.guest.check = HealthCheck(
        check.rules, isReady: health["ready"]?.bool ?? false,
        readyBy: numbers.moment("readyBy", within: check.rules.startPeriod),
        silence: health["silence"]?.string, lateness: health["lateness"]?.string,
        guestSilence: health["guestSilence"]?.string)
    }
    let saved = SavedState(
      lifecycle: lifecycle, wish: max(wish, wanted.number),
      pid: file.count("pid").flatMap { Int32(exactly: $0) },
      // One of another version shows nothing, as does an end of one below.
      machine: contents["machine"].flatMap {
        try? MachineDescription(texts: $0, values: contents["started"])
      },
      startedAt: file.count("startedAt").map { Timestamp(microseconds: Int64($0)) },
      consoleStart: file.count("consoleStart").map { Int64($0) },
      uuid: contents["uuid"]?.string.flatMap { UUID($0) },
      lastExit: contents["exit"]?.object.flatMap { try? LedgerEvent.ExitFacts($0) },
      failedConsole: contents["failedConsole"]?.array?.compactMap(\.string) ?? [],
      isChanging: contents["changing"]?.bool ?? false, hadKVM: contents["hadKVM"]?.bool ?? false)
    return (saved, !file.isOfThisBoot, nil)
  }

  /// Takes account of the QEMU that was found alive: it may have been started just before its supervisor died, and what
  /// was written is then of the one before, paused or healthy as it was.
  mutating func meet(_ survivor: Int32, in folder: VMFolder) {
    guard survivor != pid else { return }
    lifecycle.forgetGuest()
    (startedAt, consoleStart) = (nil, FileSystem.size(of: folder.consoleLog))
  }

  /// The state of a VM of which nothing was kept but its wish.
  static func nothing(_ folder: VMFolder, _ record: VMRecord?, desired: DesiredState) -> SavedState {
    var lifecycle = rules(record, desired)
    if desired == .running { lifecycle.restore(.starting, until: nil, at: .now) }
    lifecycle.cause = desired == .running ? "started by the user" : "not started"
    return SavedState(lifecycle: lifecycle, wish: folder.runWish.number)
  }

  /// A life that has not begun, with what the definition says of it.
  private static func rules(_ record: VMRecord?, _ desired: DesiredState) -> Lifecycle {
    var lifecycle = Lifecycle(
      policy: record?.restartPolicy ?? RestartPolicy(), stopTimeout: record?.stopTimeout ?? .seconds(60),
      desired: desired)
    lifecycle.guest.check = record?.flat.health.map { HealthCheck($0) }
    lifecycle.guest.onHang = record?.flat.onHang ?? .restart
    lifecycle.guest.keepsPanicked = record?.flat.settings.panic == .pause
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

  private static let boot = StateDirectory.bootID
}
