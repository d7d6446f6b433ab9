internal import Host
internal import Machine
internal import Synchronization

/// What is to be written into a VM's `state.json` next: a later one takes the place of one that has not been.
///
/// Any thread.
final class UnsavedState: Sendable {
  private let state = Mutex<SavedState?>(nil)

  /// The last that could not be written, until one is.
  private let refused = Mutex<SavedState?>(nil)

  /// True when there was none: it is to be written, then.
  func replace(_ next: SavedState) -> Bool {
    state.withLock { state in
      defer { state = next }
      return state == nil
    }
  }

  func take() -> SavedState? { state.withLock { $0.take() } }
  func takeRefused() -> SavedState? { refused.withLock { $0.take() } }

  /// Writes one; false, and said in the log, when it could not be written.
  @discardableResult
  func write(_ saved: SavedState, to folder: VMFolder, of name: VMName) -> Bool {
    do throws(SystemError) {
      try folder.save(saved)
      refused.withLock { $0 = nil }
      return true
    } catch {
      Log.note("\(name): \(folder.state) could not be written: \(error)")
      refused.withLock { $0 = saved }
      return false
    }
  }
}
