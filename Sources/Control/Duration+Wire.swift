internal import Host
internal import JSON

extension Duration {
  private static let longestSeconds = 1e9

  /// From a number of seconds, to the millisecond; nil when it is negative or beyond thirty years.
  init?(secondsOnTheWire seconds: Double) {
    guard seconds >= 0, seconds <= Self.longestSeconds else { return nil }
    self = .milliseconds(Int64((seconds * 1000).rounded()))
  }

  /// As a number of seconds, to the millisecond; whole seconds as an integer.
  var secondsOnTheWire: JSONValue {
    let milliseconds = nanoseconds / 1_000_000
    let (whole, part) = milliseconds.quotientAndRemainder(dividingBy: 1000)
    return part == 0 ? JSONValue(whole) : JSONValue(Double(milliseconds) / 1000)
  }
}
