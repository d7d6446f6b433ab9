/// Where a VM can come to rest.
enum Rest: String, Sendable, Comparable {
  case running, paused, stopped, failed

  /// Not known to the supervisor any more.
  case gone

  /// Whether it has a QEMU.
  var isLive: Bool { self == .running || self == .paused }

  static func < (left: Rest, right: Rest) -> Bool { left.rawValue < right.rawValue }
}

/// A user's command on one VM, and what it must come to.
enum ChaosCommand: String, CaseIterable, Sendable {
  case up, down, start, stop, restart, kill, pause, unpause, reset, update

  /// Where it brings a VM that rests.
  func rest(from rest: Rest) -> Rest {
    switch (self, rest) {
    case (.up, .gone): .running
    case (.down, _): .gone
    case (_, .gone): .gone
    case (.up, .paused), (.start, .paused): .paused
    case (.up, _), (.start, _), (.restart, _): .running
    case (.stop, _), (.kill, _): .stopped
    case (.pause, .running): .paused
    case (.unpause, .paused): .running
    case (.pause, _), (.unpause, _), (.reset, _), (.update, _): rest
    }
  }

  /// Its exit code on a VM that rests, when nothing else happens.
  func code(from rest: Rest) -> Int32 {
    switch (self, rest) {
    case (.up, .gone): 0
    case (_, .gone): 3
    case (.up, .paused), (.start, .paused): 1
    case (.pause, .running), (.unpause, .paused), (.reset, .running), (.reset, .paused): 0
    case (.pause, _), (.unpause, _), (.reset, _): 1
    default: 0
    }
  }

  /// What it may come to: confirmed, it was done; else it was done or not.
  func rests(from rests: Set<Rest>, confirmed: Bool) -> Set<Rest> {
    var done = Set(rests.map(rest(from:)))
    // A VM that is still on its way off the list can be called back, by a start that has found it there.
    if rests.contains(.gone), self == .start || self == .restart { done.insert(.running) }
    return confirmed ? done : done.union(rests)
  }
}

/// A guest of the run, with what follows when it ends.
struct ChaosGuest: Sendable {
  enum Policy: CaseIterable, Sendable {
    case always, onFailure, no, burst
  }

  let name: String
  let policy: Policy

  /// Whether its firmware obeys its console; else it is the hello profile's, which honours the power button.
  let isObedient: Bool

  /// As events and folders have it.
  var id: String { "\(name)@\(Self.lab)" }

  static let lab = "chaos"

  /// The guests of a run: every policy, with and without a guest that ends itself.
  static func all(_ count: Int) -> [ChaosGuest] {
    (0..<count).map { index in
      ChaosGuest(
        name: "g\(index + 1)", policy: Policy.allCases[index % 4], isObedient: (index + index / 4) % 2 == 0)
    }
  }

  /// Its member of the lab file's `vms`.
  func definition(firmware: String) -> String {
    // Back-off is kept short, and forgotten soon, so that a step takes no minute.
    let pace = "maxDelay: '400ms', resetAfter: '1s'"
    let restart =
      switch policy {
      case .always: "{ policy: 'always', delay: '0ms', \(pace) }"
      case .onFailure: "{ policy: 'on-failure', \(pace) }"
      case .no: "{ policy: 'no', \(pace) }"
      case .burst: "{ policy: 'on-failure', delay: '0ms', burst: 4, window: '20s', \(pace) }"
      }
    let kind =
      isObedient
      ? "firmware: '\(firmware)', arguments: ['-device', 'pvpanic'], stopTimeout: '200ms'"
      : "stopTimeout: '20s'"
    return "\(name): { profile: 'hello', accelerator: 'tcg', restart: \(restart), \(kind) }"
  }

  /// What becomes of it when its QEMU or its kernel dies.
  func restsAfterDeath(_ rests: Set<Rest>) -> Set<Rest> {
    rests.reduce(into: []) { result, rest in
      switch (rest.isLive, policy) {
      case (false, _): result.insert(rest)
      case (true, .no): result.insert(.failed)
      case (true, .burst): result.formUnion([.running, .failed])
      case (true, _): result.insert(.running)
      }
    }
  }

  /// What becomes of it when it switches itself off.
  func restAfterPowerOff() -> Rest { policy == .always ? .running : .stopped }
}
