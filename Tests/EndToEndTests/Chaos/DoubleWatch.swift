import Dispatch
import Synchronization

/// Looks for a second QEMU of any VM, again and again, whatever the test does meanwhile.
final class DoubleWatch: Sendable {
  private struct State {
    var looks = 0
    var double: String?
    var isOver = false
  }

  private let fleet: Fleet
  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "doubles")

  /// Begins to look; about 1 ms of every 40.
  init(_ fleet: Fleet) {
    self.fleet = fleet
    queue.async { [weak self] in self?.look() }
  }

  /// Two QEMUs of one VM that were seen at the same moment.
  var double: String? { state.withLock { $0.double } }

  var lookCount: Int { state.withLock { $0.looks } }

  func end() { state.withLock { $0.isOver = true } }

  private func look() {
    let double = fleet.doubleGuest()
    let isOver = state.withLock { state in
      state.looks += 1
      state.double = state.double ?? double
      return state.isOver
    }
    guard !isOver else { return }
    queue.asyncAfter(deadline: .now() + .milliseconds(40)) { [weak self] in self?.look() }
  }
}
