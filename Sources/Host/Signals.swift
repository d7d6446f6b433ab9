package import Dispatch
internal import Glibc

/// Signals of this process as calls on a queue; corresponds to signal(7).
package final class SignalWatch {
  private var sources: [any DispatchSourceSignal] = []

  /// Takes the signals' default actions away and calls the handler on the queue for each that arrives.
  package init(_ signals: [Int32], queue: DispatchQueue, handler: @escaping (Int32) -> Void) {
    for number in signals {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { handler(number) }
      source.activate()
      sources.append(source)
    }
  }

  deinit {
    for source in sources { source.cancel() }
  }
}
