/// Lets one user command at a time act on a VM, in the order in which they came.
///
/// Held by an actor, which calls it only in its own isolation. A command holds it while its wish goes to disk, so
/// the order of wishes on disk is the order of answers; it never waits for a guest.
struct CommandGate {
  private enum Waiter {
    case patient(CheckedContinuation<Void, Never>)

    /// Hears whether the gate is its own.
    case bounded(place: Int, CheckedContinuation<Bool, Never>)
  }

  private var isTaken = false
  private var waiting: [Waiter] = []
  private var lastPlace = 0

  /// Takes the gate if it is free.
  mutating func tryEnter() -> Bool {
    guard !isTaken else { return false }
    isTaken = true
    return true
  }

  /// Resumes the continuation when the gate is the caller's.
  mutating func wait(_ continuation: CheckedContinuation<Void, Never>) {
    waiting.append(.patient(continuation))
  }

  /// As above, unless the place that this gives is given up before.
  mutating func waitBounded(_ continuation: CheckedContinuation<Bool, Never>) -> Int {
    lastPlace += 1
    waiting.append(.bounded(place: lastPlace, continuation))
    return lastPlace
  }

  /// Tells who waits at that place, if he still does, that he waits no longer.
  mutating func giveUp(_ place: Int) {
    for (index, waiter) in waiting.enumerated() {
      guard case .bounded(place, let continuation) = waiter else { continue }
      waiting.remove(at: index)
      return continuation.resume(returning: false)
    }
  }

  /// Gives the gate to the next in line.
  mutating func leave() {
    guard !waiting.isEmpty else {
      isTaken = false
      return
    }
    switch waiting.removeFirst() {
    case .patient(let continuation): continuation.resume()
    case .bounded(_, let continuation): continuation.resume(returning: true)
    }
  }
}
