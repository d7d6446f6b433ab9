internal import Glibc

/// How many rows and columns a terminal has; corresponds to ioctl(2) TIOCGWINSZ.
struct TerminalSize: Sendable, Equatable {
  let rows: Int
  let columns: Int

  /// Of the terminal on a descriptor; nil where there is none, or it does not know.
  init?(of descriptor: Int32) {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return nil
    }
    rows = Int(size.ws_row)
    columns = Int(size.ws_col)
  }
}
