internal import Dispatch
internal import Glibc
internal import Host

/// Ends the run when it takes too long or is interrupted, and leaves nothing behind.
final class Watchdog {
  private let queue = DispatchQueue(label: "watchdog")
  private let timer: any DispatchSourceTimer
  private let signals: SignalWatch

  init(_ workshop: Workshop, seconds: Int) {
    let end = { @Sendable (why: String) in
      Log.note("ended: \(why)")
      do {
        try workshop.remove()
      } catch {
        Log.note("what was started could not be ended: \(error)")
      }
      exit(1)
    }
    timer = DispatchSource.makeTimerSource(queue: queue)
    timer.setEventHandler { end("it took more than \(seconds) s") }
    timer.schedule(deadline: .now() + .seconds(seconds))
    timer.activate()
    signals = SignalWatch([SIGINT, SIGTERM, SIGHUP], queue: queue) { _ in end("interrupted") }
  }

  func cancel() {
    timer.cancel()
  }
}
