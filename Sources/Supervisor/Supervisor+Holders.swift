internal import Control
internal import Host
internal import JSON
internal import Machine

// `run`: VMs that a command has made for itself. One goes, with its disks, when the command's process has ended.
extension Supervisor {
  /// A VM with a holder.
  struct HeldVM {
    let holder: Holder

    /// Tells of the holder's end; nil where that was found.
    var watch: ExitWatch?

    /// Whether the VM is being made, so that its end has to wait for that.
    var isComing = false

    /// Whether the holder has ended.
    var isLetGo = false
  }

  /// Makes a VM for the process that asks, and starts it.
  func run(
    _ json: JSONObject, directory: String, holder pid: Int32?
  ) async throws(ControlError) -> JSONValue {
    var record = try await preparation.record(json, directory: directory, file: nil)
    let name = record.definition.name
    try refuseWhileStandingDown(name.full)
    guard name.lab == nil else {
      throw ControlError(.invalid, "a VM of a lab goes with no command", vm: name.full, verb: "run")
    }
    guard let pid, let (holder, process) = Holder.hold(pid) else {
      throw .cannot("run", name, "the process that it is for has ended")
    }
    // It would go with this VM's.
    if reports[name.id] == nil, try await leftVMs().contains(name) {
      throw .cannot(
        "run", name, "what an earlier VM of that name has left is kept", .exists,
        advice: ["Give it another name; 'qemuvm disk ls' lists the disks."])
    }
    // The same process may ask again, of the supervisor behind one that has died.
    guard reports[name.id] == nil && held[name.id] == nil || reports[name.id]?.holder == holder else {
      throw .cannot("run", name, "it exists already", .exists, advice: ["Give it another name."])
    }
    record.holder = holder
    hold(name, holder, process, isComing: true)
    let result: Result<JSONValue, ControlError>
    do throws(ControlError) {
      result = .success(try await bring(record, starting: true, dryRun: false))
    } catch {
      result = .failure(error)
    }
    // Of what was refused there is nothing to remove.
    if case .failure = result, reports[name.id] == nil { held[name.id] = nil }
    held[name.id]?.isComing = false
    if held[name.id]?.isLetGo == true { discard(name) }
    return try result.get()
  }

  /// A VM is known that a process holds: one of an earlier supervisor's, if it is not known here.
  func followHolder(_ report: VMReport) {
    guard let holder = report.holder, held[report.name.id] == nil else { return }
    if let process = holder.process {
      hold(report.name, holder, process)
    } else {
      held[report.name.id] = HeldVM(holder: holder, isLetGo: true)
      discard(report.name)
    }
  }

  private func hold(_ name: VMName, _ holder: Holder, _ process: ChildProcess, isComing: Bool = false) {
    let watch = process.onExit(queue: executor.queue) { [weak self] _ in
      self?.assumeIsolated { $0.letGo(name) }
    }
    held[name.id] = HeldVM(holder: holder, watch: watch, isComing: isComing)
  }

  private func letGo(_ name: VMName) {
    guard held[name.id] != nil else { return }
    held[name.id]?.isLetGo = true
    if held[name.id]?.isComing == false { discard(name) }
  }

  /// How long what could not be removed is left before that is tried again.
  private static let discardPause = Duration.seconds(10)

  /// Ends the VM at once, and removes it with its disks.
  private func discard(_ name: VMName) {
    // Another of that name may be there by now, and be somebody's.
    guard let holder = reports[name.id]?.holder, holder == held[name.id]?.holder else {
      held[name.id] = nil
      return
    }
    Log.note("\(name): the command that it was made for has ended; it is removed")
    Task {
      let result = await end(name, .down(disks: true), timeout: .zero)
      // What is gone already needs no end.
      if case .failure(let error) = result, error.kind != .notFound {
        Log.note("\(error)")
        // A disk that is full, or does not answer, does not make it somebody's.
        executor.after(Self.discardPause) { [weak self] in self?.assumeIsolated { $0.discard(name) } }
      }
      if reports[name.id] == nil { held[name.id] = nil }
    }
  }
}
