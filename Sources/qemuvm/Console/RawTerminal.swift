internal import Dispatch
internal import Glibc
internal import Host

/// A terminal that hands over every key as it is typed, put back as it was when this ends, or when a signal ends us.
///
/// Corresponds to termios(3).
final class RawTerminal {
  private let descriptor: Int32
  private let saved: termios

  /// What is written to standard output before the terminal is put back.
  private let farewell: String
  private let signals: SignalWatch

  /// Takes the terminal on a descriptor, which stays the caller's.
  init(_ descriptor: Int32, farewell: String = "") throws(SystemError) {
    var settings = termios()
    _ = try retrying("tcgetattr") { tcgetattr(descriptor, &settings) }
    let saved = settings
    self.descriptor = descriptor
    self.saved = saved
    self.farewell = farewell
    let watching = DispatchSemaphore(value: 0)
    // SIGPIPE too: the terminal is put back also when whoever reads our output has gone.
    signals = SignalWatch(
      [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE], queue: DispatchQueue(label: "signals"),
      ready: { watching.signal() },
      handler: {
        Self.restore(descriptor, saved, farewell)
        signal($0, SIG_DFL)
        kill(getpid(), $0)
      })
    // A signal that came before would end us without putting back what had been changed.
    watching.wait()
    cfmakeraw(&settings)
    _ = try retrying("tcsetattr") { tcsetattr(descriptor, TCSADRAIN, &settings) }
  }

  deinit {
    Self.restore(descriptor, saved, farewell)
  }

  private static func restore(_ descriptor: Int32, _ settings: termios, _ farewell: String) {
    if !farewell.isEmpty { _ = write(STDOUT_FILENO, farewell, farewell.utf8.count) }
    var settings = settings
    // A terminal that is gone needs no restoring.
    _ = tcsetattr(descriptor, TCSADRAIN, &settings)
  }
}
