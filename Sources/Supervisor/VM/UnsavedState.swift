internal import Host
internal import Machine
internal import Synchronization

/// What is to be written into a VM's `state.json` next: a later one takes the place of one that has not been, and one
/// that says what the file says already is not written.
///
/// Any thread.
final class UnsavedState: Sendable {
  private struct State {
    var next: SavedState?

    /// The last that could not be written, until one is.
    var refused: SavedState?

    /// What the file says, as far as is known.
    var written: [UInt8]?
  }

  private let state = Mutex(State())

  /// What was found in the file; nil when nothing was.
  func found(_ bytes: [UInt8]?) { state.withLock { $0.written = bytes } }

  /// True when there was none: it is to be written, then.
  func replace(_ next: SavedState) -> Bool {
    state.withLock { state in
      defer { state.next = next }
      return state.next == nil
    }
  }

  func take() -> SavedState? { state.withLock { $0.next.take() } }
  func takeRefused() -> SavedState? { state.withLock { $0.refused.take() } }

  /// Writes one, on the lane of the VM's files; false, and said in the log, when it could not be written.
  @discardableResult
  func write(_ saved: SavedState, to folder: VMFolder, of name: VMName) -> Bool {
    let bytes = saved.bytes()
    if state.withLock({ $0.written == bytes && $0.refused == nil }) { return true }
    do throws(SystemError) {
      try folder.save(bytes)
      state.withLock { ($0.refused, $0.written) = (nil, bytes) }
      return true
    } catch {
      Log.note("\(name): \(folder.state) could not be written: \(error)")
      state.withLock { ($0.refused, $0.written) = (saved, nil) }
      return false
    }
  }
}
