internal import Control
internal import Host
internal import Machine

// What an earlier supervisor has promised of labs and not done.
extension Supervisor {
  /// Knows the labs of the state folder again; before their VMs are loaded.
  func loadLabs() throws(SystemError) {
    let (records, unreadable) = try state.labs.all()
    for record in records {
      labs[record.lab] = Lab(file: record.file, record: record)
      for (bare, words) in record.refusals {
        // A name that none can have has no VM that waits for it.
        if let name = try? VMName(bare, lab: record.lab) { order.refuse(name, because: words) }
      }
    }
    for error in unreadable {
      Log.note("\(error)")
      unreadableLabs[error.lab] = error
    }
  }

  /// Does what was promised and not done, before anybody is answered.
  ///
  /// So the first answer shows what has become of a command that its supervisor did not survive, and no command that
  /// comes later is overtaken by it. Of a VM whose files do not answer it is done when they do.
  func keepPromises() async {
    for lab in labs.keys.sorted() { await keepPromises(ofLab: lab) }
  }

  /// A VM whose files did not answer is known by now: what was promised of it is done.
  func goOn(behindFilesOf name: VMName) {
    guard let lab = name.lab else { return }
    Task {
      await enter(lab)
      await keepPromises(ofLab: lab)
      leave(lab)
    }
  }

  private func keepPromises(ofLab lab: String) async {
    guard let record = labs[lab]?.record else { return }
    // A name that none can have has no files.
    let pending = record.pending.filter { bare, _ in (try? VMName(bare, lab: lab)).map(isUnread) != true }
    var comingUp: [String: LabRecord.Promise] = [:]
    for (bare, promise) in pending {
      let name: VMName
      do throws(NameError) {
        name = try VMName(bare, lab: lab)
      } catch {
        Log.note("\(lab): nobody can be called '\(bare)': \(error)")
        continue
      }
      if await machines[name.id]?.hasHeard(promise.number) ?? promise.isEnd { continue }
      guard promise.isEnd else {
        comingUp[bare] = promise
        continue
      }
      Log.note("\(name): it was to end with its lab, and does now")
      let all = Set(record.pending.keys.compactMap { try? VMName($0, lab: lab) })
      let held = holdOfEnd(of: name, among: all)
      if case .failure(let error) = await end(name, promise.wish, timeout: nil, held: held) {
        Log.note("\(error)")
      }
    }
    if !comingUp.isEmpty { await bringPromised(comingUp, of: lab) }
    if !pending.isEmpty { await settle(pending, of: lab) }
    forgetIfEmpty(lab)
  }

  /// Whether nothing is known of a VM yet, for its files do not answer.
  func isUnread(_ name: VMName) -> Bool { reports[name.id]?.isUnread == true }
}

extension LabRecord.Promise {
  var isEnd: Bool {
    if case .up = wish { false } else { true }
  }
}
