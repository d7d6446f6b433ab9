internal import Control
internal import Host
internal import Machine

/// A lab that has VMs or is being made: whose it is, and what is promised of it as a whole.
///
/// Owned by the supervisor.
struct Lab {
  /// The lab file that it belongs to; nil for a lab of no file.
  var file: String?

  /// Commands that are about to give it a VM: it is their file's meanwhile.
  var claims = 0

  /// What is on disk, or on its way there; nil for a lab whose VMs came one by one.
  var record: LabRecord?

  /// Lets one command at a time bring it to a definition.
  var gate = CommandGate()

  /// What the promise of one VM is, as long as it may not be kept.
  func promise(of name: VMName) -> LabRecord.Promise? { record?.pending[name.name] }
}

// Which lab file a lab belongs to. Two folders of one name have labs of one name.
extension Supervisor {
  /// The file that a lab belongs to; nil for a lab that has no VM of a file.
  func labFile(ofLab lab: String) -> String? {
    labs[lab]?.file ?? reports.values.first { $0.name.lab == lab && $0.file != nil }?.file
  }

  /// The file that a VM's lab belongs to; nil also outside labs.
  func labFile(of name: VMName) -> String? {
    guard let lab = name.lab else { return nil }
    return reports[name.id]?.file ?? labFile(ofLab: lab)
  }

  /// Refuses a lab of another file's.
  func refuseOtherFile(_ lab: String, _ file: String?) throws(ControlError) {
    guard let owner = labFile(ofLab: lab), owner != file else { return }
    throw .otherLabFile(lab, owner: owner, file: file)
  }

  /// Keeps the lab for the file until `release`, unless it is another's.
  func claim(_ lab: String, for file: String?) throws(ControlError) {
    try refuseOtherFile(lab, file)
    if let unreadable = unreadableLabs[lab], unreadable.isOtherVersion {
      throw ControlError(.failed, "\(unreadable)", fact: .damaged)
    }
    var claimed = labs[lab] ?? Lab()
    claimed.file = file
    claimed.claims += 1
    labs[lab] = claimed
  }

  /// By now the record or a VM's report tells whose the lab is, or there is none.
  func release(_ lab: String) {
    labs[lab]?.claims -= 1
    forgetIfEmpty(lab)
  }

  /// Forgets a lab that has no VM, that nobody makes and nothing is promised of.
  func forgetIfEmpty(_ lab: String) {
    guard let known = labs[lab], known.claims == 0, known.record?.pending.isEmpty ?? true,
      !reports.values.contains(where: { $0.name.lab == lab })
    else { return }
    let networks = networks(of: lab).names
    labs[lab] = nil
    guard known.record != nil else { return }
    forgetNetworks(of: lab, networks)
    let folder = state.labs
    lane(ofLab: lab).add {
      do throws(SystemError) {
        try folder.remove(lab)
      } catch {
        Log.note("\(lab): \(folder.file(of: lab)) cannot be removed: \(error)")
      }
    }
  }

  /// Where a lab's file is written, in the order of the commands.
  func lane(ofLab lab: String) -> Lane { lanes["the lab \(lab)"] }

  // MARK: What is promised

  /// Makes durable what a lab's record says now; what fails here is not promised.
  func makeDurable(_ lab: String) async throws(FolderChange.Failure) {
    guard let record = labs[lab]?.record else { return }
    let folder = state.labs
    try await lane(ofLab: lab).run { () throws(FolderChange.Failure) in try folder.promise(record) }
  }

  /// What was promised of these VMs is done, or was refused: no supervisor does it again from here on.
  func settle(_ promises: [String: LabRecord.Promise], of lab: String) async {
    guard var record = labs[lab]?.record else { return }
    for (name, promise) in promises where record.pending[name]?.number == promise.number {
      record.pending[name] = nil
    }
    labs[lab]?.record = record
    await keep(record)
    tellIfDown()
  }

  /// Makes durable what has become of a lab.
  private func keep(_ record: LabRecord) async {
    let folder = state.labs
    await lane(ofLab: record.lab).run {
      do throws(SystemError) {
        try folder.settle(record)
      } catch {
        Log.note("\(record.lab): what has become of it could not be recorded: \(error)")
      }
    }
  }

  /// Keeps what is decided of a lab's networks, behind what is being kept of it; nobody waits for it.
  func keepSoon(_ lab: String) {
    guard let record = labs[lab]?.record else { return }
    let folder = state.labs
    lane(ofLab: lab).add {
      do throws(FolderChange.Failure) {
        try folder.promise(record)
      } catch {
        // It is decided the same way again, unless what it rests on is edited before the next supervisor.
        Log.note("\(record.lab): the addresses of its networks could not be recorded: \(error.error)")
      }
    }
  }

  /// Takes the promise back that a VM comes up, for a command that ends it: whatever brings the lab up has lost.
  func withdraw(_ name: VMName) async {
    guard let lab = name.lab, case .up? = labs[lab]?.promise(of: name)?.wish, !isUnread(name) else { return }
    labs[lab]?.record?.pending[name.name] = nil
    guard let record = labs[lab]?.record else { return }
    let folder = state.labs
    let isRecorded = await lane(ofLab: lab).run(within: VirtualMachine.diskPatience, isLasting: true) {
      // What could not be written is told as the end of the wish itself is.
      (try? folder.settle(record)) != nil
    }
    if isRecorded == true { return }
    Log.note("\(name): that it does not come up with its lab any more could not be recorded")
  }

  /// A VM is no more: its lab forgets it, or goes with it.
  func forgetInLab(_ name: VMName) {
    guard let lab = name.lab else { return }
    if labs[lab]?.record != nil {
      labs[lab]?.record?.vms.removeAll { $0 == name.name }
      labs[lab]?.record?.refusals[name.name] = nil
      if case .down? = labs[lab]?.promise(of: name)?.wish { labs[lab]?.record?.pending[name.name] = nil }
    }
    forgetIfEmpty(lab)
  }
}
