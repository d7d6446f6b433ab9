internal import CLinux
internal import Dispatch
internal import Glibc
internal import Synchronization

/// All deadlines of this process on one timer of the kernel's; corresponds to timerfd_create(2).
///
/// Not Dispatch's own timers: those are set to a moment, which a preloaded library that fakes the wall clock takes for
/// one of that clock. Safe on any thread; each handler runs on the queue that it was given with.
final class Alarms: Sendable {
  static let shared = Alarms()

  /// One deadline.
  struct Alarm: @unchecked Sendable {
    /// By the kernel's monotonic clock, in nanoseconds.
    let due: Int64
    let queue: DispatchQueue

    // Made once and only handed to the queue, which may be done on any thread.
    let handler: DispatchWorkItem
  }

  private struct State {
    var timer: Int32?
    var source: (any DispatchSourceRead)?
    var alarms: [UInt64: Alarm] = [:]
    var due = DueQueue<UInt64, Int64>()
    var count: UInt64 = 0

    /// What the timer is set to; nil when to nothing.
    var setTo: Int64?
  }

  private let queue = DispatchQueue(label: "alarms")
  private let state = Mutex(State())

  /// The kernel's monotonic clock, in nanoseconds.
  static var now: Int64 { linux_monotonic_time() }

  /// Adds an alarm, and gives the number by which it is taken back.
  func add(_ alarm: Alarm) -> UInt64 {
    state.withLock { state in
      state.count += 1
      state.alarms[state.count] = alarm
      state.due.set(state.count, due: alarm.due)
      if state.setTo.map({ alarm.due < $0 }) ?? true { set(&state, to: alarm.due) }
      return state.count
    }
  }

  /// Takes an alarm back; one that is ringing already may still do so.
  func remove(_ number: UInt64) {
    state.withLock { state in
      guard state.alarms.removeValue(forKey: number) != nil else { return }
      state.due.remove(number)
      if state.due.earliest != state.setTo { set(&state, to: state.due.earliest) }
    }
  }

  private func set(_ state: inout State, to due: Int64?) {
    if state.timer == nil { open(&state) }
    guard let timer = state.timer else { return }
    state.setTo = due
    // Zero would disarm it.
    linux_timer_set(timer, due.map { max(1, $0 - Self.now) } ?? 0)
  }

  /// Without a descriptor to be had, the next alarm tries again.
  private func open(_ state: inout State) {
    let timer = linux_timer()
    guard timer >= 0 else { return }
    let source = DispatchSource.makeReadSource(fileDescriptor: timer, queue: queue)
    source.setEventHandler { [weak self] in self?.ring() }
    source.activate()
    (state.timer, state.source) = (timer, source)
  }

  private func ring() {
    state.withLock { state in
      guard let timer = state.timer else { return }
      var expirations: UInt64 = 0
      // Nothing is read (EAGAIN) where it was set to another time meanwhile.
      _ = read(timer, &expirations, MemoryLayout<UInt64>.size)
      let now = Self.now
      while let number = state.due.takeFirst(by: now), let alarm = state.alarms.removeValue(forKey: number) {
        alarm.queue.async(execute: alarm.handler)
      }
      set(&state, to: state.due.earliest)
    }
  }
}
