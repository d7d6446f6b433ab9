internal import Control

/// How the ledger leaves a VM's last QEMU: what a supervisor that comes after a crash goes on from.
struct LastLife: Sendable, Equatable {
  enum QEMU: Sendable, Equatable {
    /// It was started or taken over, and no end of it is recorded.
    case began(pid: Int32)
    case ended(LedgerEvent.ExitFacts)
  }

  /// Nil where no record tells.
  private(set) var qemu: QEMU?

  /// Whether a state is recorded behind that.
  private(set) var isFollowed = false

  /// Whether the supervisor died before it had told what follows an end.
  var isEndUntold: Bool {
    if case .ended = qemu { !isFollowed } else { false }
  }

  /// Takes the next older record of the VM.
  mutating func take(_ event: LedgerEvent) {
    guard qemu == nil else { return }
    switch event {
    case .state, .removed: isFollowed = true
    case .exited(let facts): qemu = .ended(facts)
    case .spawned(let pid, _), .adopted(let pid): qemu = .began(pid: pid)
    default: break
    }
  }
}
