internal import Dispatch
internal import Synchronization

/// Where work on somebody's files runs, one piece after another: when they hang, only those wait who come behind.
///
/// It has a thread while there is something to do, never more than one, and a name by which a person knows what hangs.
/// Safe on any thread.
package final class Lane: Sendable {
  /// What it works on, as a sentence names it: `the files of web`.
  package let name: String

  private struct State {
    /// By the number that it has, the oldest first.
    var waiting: [(number: UInt64, work: BlockingThreads.Work)] = []
    var lastNumber: UInt64 = 0
    var isBusy = false
    var place: String?
  }

  private let state = Mutex(State())

  package init(_ name: String) {
    self.name = name
  }

  /// Runs work behind all that came before, however long that takes.
  ///
  /// It has its place behind them when this is called, without a hop from the caller's actor.
  package func run<Value: Sendable>(
    isolation: isolated (any Actor)? = #isolation, _ work: @escaping @Sendable () -> Value
  ) async -> Value {
    await withCheckedContinuation { continuation in
      add { continuation.resume(returning: work()) }
    }
  }

  /// As above, for work that fails with a typed error.
  package func run<Value: Sendable, Failure: Error>(
    isolation: isolated (any Actor)? = #isolation,
    _ work: @escaping @Sendable () throws(Failure) -> Value
  ) async throws(Failure) -> Value {
    try await run { Result(catching: work) }.get()
  }

  /// Waits for work no longer than the limit: nil when it is not done by then.
  ///
  /// What has not begun by then is given up; what has goes on, and the lane is not free before it has ended. With
  /// `isLasting` it is done nevertheless in its turn.
  package func run<Value: Sendable>(
    isolation: isolated (any Actor)? = #isolation, within limit: Duration, isLasting: Bool = false,
    _ work: @escaping @Sendable () -> Value
  ) async -> Value? {
    await withCheckedContinuation { continuation in
      let waiter = Waiter(continuation)
      let place = reserve()
      let alarm = Alarms.shared.add(
        Alarms.Alarm(
          due: Alarms.now + max(0, limit.nanoseconds), queue: SharedQueues.next,
          handler: DispatchWorkItem { [self] in
            guard waiter.answer(nil) else { return }
            // Behind something that hangs it would be kept for as long as that lasts.
            if !isLasting { giveUp(place) }
            Log.note("no answer from \(name) for \(limit.nanoseconds / 1_000_000) ms")
          }))
      add(place) {
        guard isLasting || waiter.isThere else { return }
        if waiter.answer(work()) { Alarms.shared.remove(alarm) }
      }
    }
  }

  /// What the work that is being done has said it is at: where it hangs, if it hangs.
  package var place: String? { state.withLock { $0.place } }

  /// Says what the work that is being done is at next.
  package func reach(_ place: String) {
    state.withLock { $0.place = place }
  }

  /// Runs work behind all that came before; nobody waits for it.
  package func add(_ work: @escaping @Sendable () -> Void) {
    add(reserve(), work)
  }

  /// How much waits to be begun.
  var waitingCount: Int { state.withLock { $0.waiting.count } }

  private func reserve() -> UInt64 {
    state.withLock { state in
      state.lastNumber += 1
      return state.lastNumber
    }
  }

  private func add(_ number: UInt64, _ work: @escaping @Sendable () -> Void) {
    let isFirst = state.withLock { state in
      state.waiting.append((number, work))
      defer { state.isBusy = true }
      return !state.isBusy
    }
    if isFirst { BlockingThreads.shared.run { self.serve() } }
  }

  /// Drops work that has not begun.
  private func giveUp(_ number: UInt64) {
    state.withLock { $0.waiting.removeAll { $0.number == number } }
  }

  private func serve() {
    while true {
      let work: BlockingThreads.Work? = state.withLock { state in
        state.place = nil
        if state.waiting.isEmpty {
          state.isBusy = false
          return nil
        }
        return state.waiting.removeFirst().work
      }
      guard let work else { return }
      work()
    }
  }
}

/// Who waits for a value, or no longer.
private final class Waiter<Value: Sendable>: Sendable {
  private let continuation: Mutex<CheckedContinuation<Value?, Never>?>

  init(_ continuation: CheckedContinuation<Value?, Never>) {
    self.continuation = Mutex(continuation)
  }

  var isThere: Bool { continuation.withLock { $0 != nil } }

  /// False when nobody waits any more.
  func answer(_ value: Value?) -> Bool {
    guard let waiting = continuation.withLock({ $0.take() }) else { return false }
    waiting.resume(returning: value)
    return true
  }
}

/// Lanes by name: the same one for all who ask for it, as long as somebody has it or it works.
package final class Lanes: Sendable {
  private struct Entry {
    weak var lane: Lane?
  }

  private struct State {
    var entries: [String: Entry] = [:]

    /// With so many, those are forgotten that are not there any more: twice as many as there were then.
    var mostEntries = 64
  }

  private let state = Mutex(State())

  package init() {}

  package subscript(_ name: String) -> Lane {
    state.withLock { state in
      if let lane = state.entries[name]?.lane { return lane }
      if state.entries.count >= state.mostEntries {
        state.entries = state.entries.filter { $0.value.lane != nil }
        state.mostEntries = max(64, 2 * state.entries.count)
      }
      let lane = Lane(name)
      state.entries[name] = Entry(lane: lane)
      return lane
    }
  }
}
