internal import CLinux
internal import Dispatch
internal import Glibc
internal import Synchronization

/// Tells when files are modified next, once for each time it is asked; corresponds to inotify(7).
///
/// One descriptor for any number of files, opened with the first. A file that nobody asks about costs nothing, and
/// one that is written without end costs one wake-up for each time it is asked about: its writer is never followed.
/// Safe on any thread; handlers run on a serial queue of its own, one after another, and must not block.
package final class FileWatch: Sendable {
  /// What is asked about a file.
  package enum Change: Sendable {
    /// When it is written to next.
    case modification

    /// When its name is taken away, by whatever way: unlink(2), rename(2), or the removal of its folder.
    case removal

    /// When something comes into a folder, or the rights to something in it change.
    case arrival

    fileprivate var mask: UInt32 {
      switch self {
      case .modification: UInt32(IN_MODIFY)
      // A file that is open somewhere lives on without its name, and only its link count tells.
      case .removal: UInt32(IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)
      case .arrival: UInt32(IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)
      }
    }
  }

  /// One question, to take it back.
  package struct Token: Sendable, Hashable {
    fileprivate let watch: Int32
    fileprivate let number: UInt64
  }

  private struct Question {
    let number: UInt64
    let handler: @Sendable () -> Void
  }

  /// The kernel has one watch for a file, however many ask; it is gone once it has fired.
  private struct State {
    var descriptor: Int32?
    var source: (any DispatchSourceRead)?
    var questions: [Int32: [Question]] = [:]
    var count: UInt64 = 0
  }

  private let queue = DispatchQueue(label: "files")

  /// Held while a watch is added, so that its first event finds who asked.
  private let state = Mutex(State())

  package init() {}

  deinit {
    state.withLock { $0.source?.cancel() }
  }

  /// Calls the handler once, when the file is modified after this call; who wants to know more asks again.
  ///
  /// Look at the file behind this call, and nothing is missed. The handler is also called when the file is removed,
  /// and perhaps without any change: it says that it is time to look.
  package func watch(
    _ path: String, for change: Change = .modification, _ handler: @escaping @Sendable () -> Void
  ) throws(SystemError) -> Token {
    SharedQueues.assertMayBlock(path)
    // Looked up outside of the lock: on a file system that hangs, this caller alone waits.
    // The name of a link is its own, and what it leads to is another file.
    let file = FileDescriptor(
      owning: try retrying("open", path) {
        change == .removal ? linux_open_place(path) : linux_open_path(path)
      })
    let place = "/proc/self/fd/\(file.rawValue)"
    return try state.withLock { state throws(SystemError) in
      let descriptor = try open(&state)
      let mask = change.mask | 1 << 31  // IN_ONESHOT, which Swift cannot import
      let watch = try retrying("inotify_add_watch", path) { inotify_add_watch(descriptor, place, mask) }
      state.count += 1
      state.questions[watch, default: []].append(Question(number: state.count, handler: handler))
      return Token(watch: watch, number: state.count)
    }
  }

  /// Takes a question back; a handler that runs at this moment is not waited for.
  package func cancel(_ token: Token) {
    state.withLock { state in
      guard var questions = state.questions[token.watch] else { return }
      questions.removeAll { $0.number == token.number }
      state.questions[token.watch] = questions.isEmpty ? nil : questions
      // It may have fired, and be gone, already.
      if questions.isEmpty, let descriptor = state.descriptor { inotify_rm_watch(descriptor, token.watch) }
    }
  }

  private func open(_ state: inout State) throws(SystemError) -> Int32 {
    if let descriptor = state.descriptor { return descriptor }
    let descriptor = try retrying("inotify_init1") { inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK)) }
    let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
    source.setEventHandler { [weak self] in self?.drain(descriptor) }
    source.setCancelHandler { close(descriptor) }
    source.activate()
    (state.descriptor, state.source) = (descriptor, source)
    return descriptor
  }

  private func drain(_ descriptor: Int32) {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      for event in InotifyEvent.events(in: Array(buffer[..<count])) {
        for question in answered(by: event) { question.handler() }
      }
    }
  }

  /// Whose file it was.
  ///
  /// Every event counts, the watch's end too: one that was added again while it fired has no other. After an
  /// overflow nobody knows whose events were lost.
  private func answered(by event: InotifyEvent) -> [Question] {
    state.withLock { state in
      guard event.mask & UInt32(IN_Q_OVERFLOW) != 0 else {
        return state.questions.removeValue(forKey: event.watch) ?? []
      }
      defer { state.questions = [:] }
      return state.questions.values.flatMap { $0 }
    }
  }
}
