internal import CLinux
internal import Dispatch
internal import Synchronization

/// Threads for work that blocks, beside Dispatch's: it has 255 for all queues, and as many files that hang on a sick
/// disk would leave none for those who answer.
///
/// A few that have nothing to do are kept, asleep. Safe on any thread.
final class BlockingThreads: Sendable {
  typealias Work = @Sendable () -> Void

  static let shared = BlockingThreads()

  /// Each may hang for ever; what comes beyond waits.
  private static let most = 1000
  private static let mostIdle = 4

  /// 256 KiB would do for most; a definition is read on it as well.
  private static let stackSize = 1 << 20

  private final class Worker: Sendable {
    let wakeUp = DispatchSemaphore(value: 0)
    let work: Mutex<Work?>

    init(_ work: @escaping Work) {
      self.work = Mutex(work)
    }
  }

  private struct State {
    var idle: [Worker] = []
    var count = 0
    var waiting: [Work] = []
  }

  private let state = Mutex(State())

  /// Runs the work soon, beside all other.
  func run(_ work: @escaping Work) {
    let isNew = state.withLock { state in
      if let worker = state.idle.popLast() {
        worker.work.withLock { $0 = work }
        worker.wakeUp.signal()
        return false
      }
      guard state.count < Self.most else {
        state.waiting.append(work)
        return false
      }
      state.count += 1
      return true
    }
    if isNew { begin(Worker(work)) }
  }

  private func begin(_ worker: Worker) {
    let code = linux_start_thread(
      { pointer in
        guard let pointer else { return }
        BlockingThreads.shared.serve(Unmanaged<Worker>.fromOpaque(pointer).takeRetainedValue())
      }, Unmanaged.passRetained(worker).toOpaque(), UInt(Self.stackSize))
    guard code != 0 else { return }
    // The limit of this user's threads: Dispatch has some already.
    Unmanaged.passUnretained(worker).release()
    DispatchQueue(label: "blocking").async { self.serve(worker) }
  }

  private func serve(_ worker: Worker) {
    while true {
      if let work = worker.work.withLock({ $0.take() }) { work() }
      let isIdle: Bool? = state.withLock { state in
        if !state.waiting.isEmpty {
          let next = state.waiting.removeFirst()
          worker.work.withLock { $0 = next }
          return false
        }
        guard state.idle.count < Self.mostIdle else {
          state.count -= 1
          return nil
        }
        state.idle.append(worker)
        return true
      }
      guard let isIdle else { return }
      if isIdle { worker.wakeUp.wait() }
    }
  }
}
