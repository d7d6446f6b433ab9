package import Control
internal import Glibc
internal import Host
package import JSON
internal import Machine
internal import QMP

// What its user asks of a VM. Each holds the gate until the wish is on disk, and answers then.
extension VirtualMachine {
  /// Brings the VM to a definition and, unless it only exists to be defined, to life.
  ///
  /// Without a candidate the VM's own definition stands. Repeated, it changes nothing. With `now` it starts whatever it
  /// depends on. With `isPromised` only the VM's folder is waited for: what is wrong besides, its start says.
  package func bring(
    to candidate: VMRecord?, starting: Bool, dryRun: Bool, now: Bool = false, isPromised: Bool = false
  ) async throws(ControlError) -> JSONValue {
    try refuseUnread(starting ? "start" : "create")
    await enter()
    defer { leave() }
    let endings = endings
    await rereadDamaged()
    guard let asked = (candidate ?? record)?.placed(by: nil, after: record) else { throw damaged("start") }
    if damage?.isOtherVersion == true { throw damaged(starting ? "start" : "create") }
    if starting { try await refuseOtherVersion("start") }
    if let record {
      try refuseOtherHolder(asked, instead: record, starting ? "start" : "create")
      try record.refuseOtherLabFile(asked, name)
      try refuseOtherUUID(asked)
    }
    if !starting, isDefined, !isFolderGone {
      throw .cannot(
        "create", name, "it exists already", .exists, advice: ["Change it with 'up' or 'update'."])
    }

    let isNew = !isDefined || isFolderGone
    let isChanged = damage != nil || record?.isSame(as: asked) == false
    let starts = starting && !lifecycle.isUp
    var actions: [VMAction] = []
    if isNew { actions.append(.create) }
    if isChanged { actions.append(.update) }
    if starts { actions.append(.start) }
    let differences = isChanged ? Differences(asked, from: record) : Differences()

    // Everything that can be known to be wrong is said before anything is promised.
    var launch: Launch?
    if !isPromised, isNew || isChanged || starts {
      launch = try await ready(
        asked, starts ? .start : .check, verb: starting ? "start" : "create", isRecorded: starts && !dryRun)
    }
    let next = asked.placed(by: launch, after: nil)
    if dryRun { return answer(actions: actions, next: launch, of: next, differences) }
    let unmet = starting && !now ? await unmet(next) : []
    if starting {
      try refuseIfEnded(since: endings, "start")
      try refuseStandingDown("start")
    }

    let (folder, number) = (folder, wish + 1)
    let isWishNew =
      starting && (starts || isForgetting || lifecycle.desired == .stopped || lifecycle.state == .stopping)
    try await promise(starting ? "start" : "create") { () throws(FolderChange.Failure) in
      if isNew {
        try folder.create(next, wanted: starting ? number : nil)
      } else if isChanged || isWishNew {
        try folder.bring(to: isChanged ? next : nil, wanted: isWishNew ? number : nil)
      }
    }
    isFolderGone = false
    if isPromised, isChanged { self.launch = nil }
    define(next, launch)
    // Its own word is on disk behind this one.
    if starting { try refuseIfEnded(since: endings, "start") }
    if starts, let note = launch?.machine.acceleratorNote { tell(note) }
    confirm(starting ? (candidate == nil ? "start" : "up") : "create", number)
    if starting {
      isForgetting = false
      holdStart(for: unmet)
      apply(.start)
    }
    announceIfQuiet(isNew || isChanged)
    return answer(actions: actions, differences)
  }

  /// What goes with a command is nobody else's, and what is somebody's goes with no command.
  private func refuseOtherHolder(
    _ next: VMRecord, instead record: VMRecord, _ verb: String
  ) throws(ControlError) {
    guard next.holder != record.holder else { return }
    guard record.holder != nil else {
      throw .cannot("run", name, "it exists already", .exists, advice: ["Give it another name."])
    }
    throw .cannot(
      verb, name, "it is of a 'qemuvm run', and goes with that command", .exists,
      advice: ["Give yours another name."])
  }

  /// A QEMU that lives is known by its UUID: another one comes with another life.
  private func refuseOtherUUID(_ next: VMRecord) throws(ControlError) {
    guard let record, record.uuid != next.uuid, run != nil || lifecycle.isUp else { return }
    throw .cannot(
      "change", name, "its QEMU is known by the UUID \(record.uuid), and 'uuid' is \(next.uuid) now",
      .wrongState,
      advice: ["'qemuvm stop \(name)' first, then bring it up again."])
  }

  /// Changes some settings of the definition; a running guest takes them at its next start.
  package func update(
    _ change: @Sendable (VMRecord) async throws(ControlError) -> VMRecord
  ) async throws(ControlError) -> JSONValue {
    try refuseUnread("update")
    await enter()
    defer { leave() }
    await rereadDamaged()
    guard let record else { throw damaged("update") }
    let asked = try await change(record).placed(by: nil, after: record)
    try refuseOtherUUID(asked)
    guard !record.isSame(as: asked) else { return answer(actions: []) }
    let launch = try await ready(asked, .check, verb: "update")
    let (folder, next) = (folder, asked.placed(by: launch, after: nil))
    try await promise("update") { () throws(FolderChange.Failure) in
      try folder.bring(to: next, wanted: nil)
    }
    define(next, launch)
    confirm("update", wish + 1)
    announce()
    return answer(actions: [.update], Differences(next, from: record))
  }

  /// Whether it is so defined, and runs or is on its way.
  func isRunning(as next: VMRecord) -> Bool {
    guard let record, record.isSame(as: next), damage == nil, !isForgetting, !isFolderGone else {
      return false
    }
    return lifecycle.isUp && lifecycle.desired == .running && lifecycle.state != .stopping
  }

  /// Whether a wish of that number, or a later one, was confirmed here.
  func hasHeard(_ number: Int) -> Bool { isDefined && wish >= number }

  /// With `now`, whatever it depends on.
  package func start(now: Bool = false) async throws(ControlError) -> JSONValue {
    try await bring(to: nil, starting: true, dryRun: false, now: now)
  }

  /// Stops the VM.
  ///
  /// With `held` others end first, and the words say which.
  package func stop(timeout: Duration?, held: String? = nil) async throws(ControlError) -> JSONValue {
    try await endWish("stop", end(timeout, held))
  }

  /// Stops the VM, after which nothing is left of it, with `disks` not even those.
  package func down(
    timeout: Duration?, disks: Bool, held: String? = nil
  ) async throws(ControlError) -> JSONValue {
    try await endWish("down", end(timeout, held), .forget(disks: disks))
  }

  package func kill() async throws(ControlError) -> JSONValue {
    try await endWish("kill", .kill)
  }

  /// Brings the guest down with the supervisor; the wish to run stays as it is.
  ///
  /// With `held` others come down first, and the words say which.
  func standDown(held: String?) async {
    // A command that waits for a sick disk holds nobody up.
    let hasTurn = await enter(within: Self.diskPatience)
    defer { if hasTurn { leave() } }
    if isDefined {
      apply(end(nil, held, standingDown: true))
    } else {
      lifecycle.intent.isStandingDown = true
    }
  }

  /// What was asked before the supervisor began to leave with its guests, and has its turn only now.
  private func refuseStandingDown(_ verb: String) throws(ControlError) {
    guard lifecycle.intent.isStandingDown else { return }
    throw .cannot(verb, name, "the supervisor leaves with its guests", .leaving)
  }

  /// Forgets a VM that has stopped.
  package func remove(disks: Bool) async throws(ControlError) -> JSONValue {
    try await endWish("remove", .stop(timeout: nil), .forgetStopped(disks: disks))
  }

  package func restart(timeout: Duration?) async throws(ControlError) -> JSONValue {
    try refuseUnread("restart")
    await enter()
    defer { leave() }
    let endings = endings
    await rereadDamaged()
    guard let record else { throw damaged("restart") }
    try refuseStandingDown("restart")
    try await refuseOtherVersion("restart")
    let unmet = await unmet(record)
    // A guest that cannot start again is not stopped.
    let launch = try await ready(
      record, lifecycle.isUp ? .check : .start, verb: "restart", isRecorded: !lifecycle.isUp)
    try refuseIfEnded(since: endings, "restart")
    let (folder, number) = (folder, wish + 1)
    try await promise("restart") { () throws(FolderChange.Failure) in
      try folder.bring(to: nil, wanted: number, restarting: true)
    }
    try refuseIfEnded(since: endings, "restart")
    self.launch = launch
    confirm("restart", number)
    isForgetting = false
    if !lifecycle.isUp || lifecycle.state == .stopping { holdStart(for: unmet) }
    apply(.restart(timeout: timeout))
    return answer(actions: [.restart])
  }

  /// Runs a QMP command of the user's; its reply, or QEMU's refusal.
  package func execute(_ command: JSONObject, timeout: Duration?) async throws(ControlError) -> JSONValue {
    guard let name = command["execute"]?.string else {
      throw ControlError(.failed, "the command has no member 'execute'")
    }
    try refuseUnread("ask")
    return try await monitor(name, command["arguments"]?.object ?? [:], timeout: timeout)
  }

  /// `pause`, `unpause` and `reset`: QEMU's own commands; what they do shows in its events.
  package func runMonitorCommand(
    _ action: VMAction, by command: String, whenIn states: [VMState]
  ) async throws(ControlError) -> JSONValue {
    let verb = action.rawValue
    try await number(verb, whenIn: states)
    if action == .unpause { try await refuseWithoutSpace() }
    let meant = run
    // A QEMU that does not answer keeps this command waiting, and no other.
    _ = try await monitor(command, [:], timeout: nil)
    guard run === meant else {
      let now = "it is \(lifecycle.state.rawValue) (\(lifecycle.cause))"
      throw .cannot(verb, name, "that QEMU has ended: \(now)", .superseded)
    }
    return answer(actions: [action])
  }

  /// Counts the wish in its turn, if the VM is in a state that allows it.
  private func number(_ verb: String, whenIn states: [VMState]) async throws(ControlError) {
    try refuseUnread(verb)
    await enter()
    defer { leave() }
    guard states.contains(lifecycle.state) else {
      let allowed = states.map(\.rawValue).joined(separator: " or ")
      throw .cannot(
        verb, name, "it is \(lifecycle.state.rawValue), not \(allowed)", .wrongState, advice: nextSteps)
    }
    confirm(verb, wish + 1)
  }

  private func monitor(
    _ command: String, _ arguments: JSONObject, timeout: Duration?
  ) async throws(ControlError) -> JSONValue {
    guard let connection = run?.connection else {
      throw ControlError(
        .failed, "no QEMU runs: it is \(lifecycle.state.rawValue) (\(lifecycle.cause))", vm: name.full,
        fact: .wrongState, advice: nextSteps)
    }
    do throws(QMPError) {
      return try await connection.execute(command, arguments, deadline: timeout)
    } catch {
      throw ControlError(error, of: name.full)
    }
  }

  // MARK: Shared by the wishes

  /// Reads a definition once more that could not be read: the disk answers again, or somebody has put it right.
  private func rereadDamaged() async {
    guard record == nil, damage != nil else { return }
    let folder = folder
    let found = await lane.run(within: Self.diskPatience) {
      Result { () throws(VMRecord.Unreadable) in try folder.read() }
    }
    switch found {
    case .success(let found)?: define(found, nil)
    case .failure(let error)?: damage = error
    case nil: break
    }
  }

  /// What is said of a VM without a definition.
  private func damaged(_ verb: String) -> ControlError {
    guard let damage else { return .noSuchVM("\(name)") }
    return .cannot(verb, name, "\(damage)", .damaged)
  }

  /// What another version of qemuvm has kept of the VM is not written over, until somebody has removed it.
  private func refuseOtherVersion(_ verb: String) async throws(ControlError) {
    guard let refusal = refusedState else { return }
    let isThere = await lane.run(within: Self.diskPatience) { FileSystem.exists(refusal.file) }
    guard isThere == false else {
      throw .cannot(verb, name, "\(refusal)", .damaged)
    }
    refusedState = nil
  }

  /// A stop that could not wait for this command has the last word.
  private func refuseIfEnded(since before: Int, _ verb: String) throws(ControlError) {
    guard endings != before else { return }
    throw .cannot(verb, name, "it was stopped while its files did not answer", .superseded)
  }

  private func define(_ next: VMRecord, _ launch: Launch?) {
    record = next
    damage = nil
    lifecycle.policy = next.restartPolicy
    lifecycle.stopTimeout = next.stopTimeout
    lifecycle.guest.keepsPanicked = next.flat.settings.panic == .pause
    apply(.defined(health: next.flat.health, onHang: next.flat.onHang))
    if let launch { self.launch = launch }
    leaveImageIfOther()
    keepLogs()
  }

  /// How QEMU is to be started; with `isPatient`, however long its files take to answer.
  func prepare(
    _ record: VMRecord, _ purpose: Preparation.Purpose, isPatient: Bool = false
  ) async throws(ControlError) -> Launch {
    try await services.prepare(record, folder, purpose, diskLane, isPatient)
  }

  /// Makes a change durable; when the disk refuses, nothing was promised, nothing is done, and what was written is
  /// taken back.
  private func promise(
    _ verb: String, _ change: @escaping @Sendable () throws(FolderChange.Failure) -> Void
  ) async throws(ControlError) {
    do throws(FolderChange.Failure) {
      try await lane.run(change)
    } catch {
      throw Self.refused(name.full, verb, error: error)
    }
  }

  /// What is said of a wish that could not be made durable.
  static func refused(
    _ name: FullName?, _ verb: String, error failure: FolderChange.Failure
  ) -> ControlError {
    let rest =
      failure.isTakenBack
      ? "Nothing was changed." : "Nor could it be taken back: the next supervisor may do it all the same."
    return ControlError(
      .failed, "the wish could not be recorded: \(failure.error)", vm: name, verb: verb,
      fact: failure.isTakenBack ? .notRecorded : .mayHold,
      advice: ["\(rest) \(remedy(failure.error)) and give the command again."])
  }

  static func remedy(_ error: SystemError) -> String {
    [ENOSPC, EDQUOT].contains(error.code) ? "Make room" : "Put that right"
  }

  /// A wish that changed no state is told as well, for those who wait for its number.
  func announceIfQuiet(_ wanted: Bool) {
    if wanted, announcedWish != wish { announce() }
  }

  /// What a definition has that the one before had not, and what of that counts at once.
  struct Differences {
    private(set) var all: [String] = []
    private(set) var live: [String] = []

    init() {}

    init(_ next: VMRecord, from before: VMRecord?) {
      guard let before else { return }
      all = next.flat.differences(from: before.flat)
      live = next.flat.liveDifferences(from: before.flat)
    }
  }

  /// The reply to a changing command; of a dry run, what the VM would be.
  func answer(
    actions: [VMAction], next: Launch? = nil, of candidate: VMRecord? = nil,
    _ differences: Differences = Differences()
  ) -> JSONValue {
    var status = report.status()
    if let candidate, run == nil {
      status.profile = candidate.profile
      status.show(next?.machine)
    }
    let change: (applied: [String], pending: [String]) = next.map(rehearsed) ?? ([], pending(launch))
    var reply = VMReply(
      status: status, change: report.change(), actions: actions,
      profileFiles: (candidate ?? record)?.profileFiles ?? [], differences: differences.all,
      pending: change.pending, cloudInit: next?.machine.description.texts["cloudInit"])
    reply.applied = differences.live + change.applied
    reply.helpers = (next?.helpers ?? []).map { "\($0.program) for \($0.title)" }
    return .object(reply.json)
  }

  /// What the running QEMU does not have yet of what the VM now is.
  func pending(_ next: Launch?) -> [String] {
    guard let running = run?.machine, let next else { return [] }
    return next.machine.description.changes(from: running).map(\.description)
  }
}
