internal import Control
internal import Host
internal import Machine

// What is found out before anything is promised to a user.
extension VirtualMachine {
  /// How QEMU is to be started, for a user who waits for it; `verb` is what cannot be done where it cannot.
  ///
  /// A start that is refused here has no other trace: with `isRecorded` it stands in the ledger, and is the cause of a
  /// VM that is down.
  func ready(
    _ record: VMRecord, _ purpose: Preparation.Purpose, verb: String, isRecorded: Bool = false
  ) async throws(ControlError) -> Launch {
    do throws(ControlError) {
      return try await prepare(record, purpose)
    } catch {
      let refusal = error.refusing(verb)
      if isRecorded, isDefined, !lifecycle.isUp {
        noteRefusal(refusal, verb)
        apply(.startRefused(refusal.sentence))
      }
      throw refusal
    }
  }

  func noteRefusal(_ error: ControlError, _ verb: String) {
    note(
      .refused(LedgerEvent.RefusalFacts(verb: verb, reason: error.reason, advice: error.advice)))
  }

  /// A guest that waits for space would stop again at once: its user is told instead.
  func refuseWithoutSpace() async throws(ControlError) {
    guard case .paused(.noSpace) = lifecycle.guest.state, lifecycle.state == .paused,
      let folder = await fullFolder()
    else { return }
    throw .cannot(
      "unpause", name, "there is still no space in \(folder)", .wrongState,
      advice: ["Make room there ('df -h \(ShellText.quote(folder))'): then it goes on by itself."])
  }

  /// What leads out of the state that the VM is in.
  var nextSteps: [String] {
    switch lifecycle.state {
    case .stopped, .failed, .backoff: ["'qemuvm start \(name)' starts it."]
    case .waiting: ["'qemuvm start --now \(name)' starts it at once."]
    case .paused: ["'qemuvm unpause \(name)' lets it go on."]
    case .starting, .stopping: ["'qemuvm status \(name)' shows when it has come that far."]
    case .running: []
    }
  }
}
