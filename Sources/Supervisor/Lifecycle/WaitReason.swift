/// What holds a VM's start back.
package enum WaitReason: Sendable, Equatable {
  /// Other VMs, which must be so far first.
  case vms([UnmetDependency])

  /// The host has no room for it; what is lacking, in words.
  case room(String)

  /// Work that it needs, in words: `its image is being copied`.
  case job(String)

  /// Whether it is work, which no command makes superfluous.
  package var isJob: Bool { if case .job = self { true } else { false } }

  /// For the VM's cause.
  package var sentence: String {
    switch self {
    case .vms(let unmet): unmet.sentence
    case .room(let words): "waiting for room on the host: \(words)"
    case .job(let words): "waiting: \(words)"
    }
  }
}

/// An end that is wished and held back, for other VMs end first.
package struct HeldEnd: Sendable, Equatable {
  /// What the guest has from its power button until it is made to end; nil takes the VM's own.
  package let timeout: Duration?
}
