internal import Synchronization

/// What is to be written into a VM's `state.json` next: a later one takes the place of one that has not been.
///
/// Any thread.
final class UnsavedState: Sendable {
  private let state = Mutex<SavedState?>(nil)

  /// True when there was none: it is to be written, then.
  func replace(_ next: SavedState) -> Bool {
    state.withLock { state in
      defer { state = next }
      return state == nil
    }
  }

  func take() -> SavedState? { state.withLock { $0.take() } }
}
