package import Dispatch
internal import Glibc

/// Signals of this process as calls on a queue; corresponds to signal(7).
package final class SignalWatch {
  private var sources: [any DispatchSourceSignal] = []

  /// Calls the handler on the queue for each of the signals that arrives, once `ready` was called.
  ///
  /// Dispatch takes a signal's action over a moment later, on a thread of its own. Until then the default action
  /// stands: a signal that comes so early ends the process, where one ignored would be lost and its sender wait.
  package init(
    _ signals: [Int32], queue: DispatchQueue, ready: @escaping () -> Void = {},
    handler: @escaping (Int32) -> Void
  ) {
    var missing = signals.count
    for number in signals {
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { handler(number) }
      source.setRegistrationHandler {
        missing -= 1
        if missing == 0 { ready() }
      }
      source.activate()
      sources.append(source)
    }
  }

  deinit {
    for source in sources { source.cancel() }
  }
}
