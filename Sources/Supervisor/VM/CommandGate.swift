/// Lets one user command at a time act on a VM, in the order in which they came.
///
/// Held by an actor, which calls it only in its own isolation. A command holds it while its wish goes to disk, so
/// the order of wishes on disk is the order of answers; it never waits for a guest.
struct CommandGate {
  private var isTaken = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  /// Takes the gate if it is free.
  mutating func tryEnter() -> Bool {
    guard !isTaken else { return false }
    isTaken = true
    return true
  }

  /// Resumes the continuation when the gate is the caller's.
  mutating func wait(_ continuation: CheckedContinuation<Void, Never>) {
    waiting.append(continuation)
  }

  /// Gives the gate to the next in line.
  mutating func leave() {
    if waiting.isEmpty {
      isTaken = false
    } else {
      waiting.removeFirst().resume()
    }
  }
}
