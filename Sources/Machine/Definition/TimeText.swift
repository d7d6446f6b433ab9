/// Durations as definitions and options write them: `250ms`, `10s`, `2m`, `1h`, `1.5s`.
///
/// A definition's durations are whole milliseconds. A bare number is refused, for nothing says of what.
package enum TimeText {
  /// Why a text is no duration.
  package enum ParseError: Error, Sendable, Equatable {
    case notANumber
    case unitMissing
    case unknownUnit(String)
    case tooLong
    case notWhole
  }

  /// Longer waits are mistakes, and far below what `Duration` and timers hold.
  private static let longest: UInt64 = 365 * 24 * 3_600_000

  package static func duration(_ text: String) throws(ParseError) -> Duration {
    guard let number = DecimalText(text) else { throw .notANumber }
    let factor: UInt64
    switch number.unit {
    case "": throw .unitMissing
    case "ms": factor = 1
    case "s": factor = 1_000
    case "m": factor = 60_000
    case "h": factor = 3_600_000
    default: throw .unknownUnit(number.unit)
    }
    switch number.times(factor) {
    case .exact(let milliseconds) where milliseconds <= longest: return .milliseconds(milliseconds)
    case .exact, .tooLarge: throw .tooLong
    case .fraction: throw .notWhole
    }
  }

  /// The duration in the largest unit that keeps it whole; less than a millisecond is dropped.
  package static func text(_ duration: Duration) -> String {
    let parts = duration.components
    let milliseconds = parts.seconds * 1_000 + parts.attoseconds / 1_000_000_000_000_000
    for (unit, length) in [("h", 3_600_000 as Int64), ("m", 60_000), ("s", 1_000)]
    where milliseconds != 0 && milliseconds % length == 0 {
      return "\(milliseconds / length)\(unit)"
    }
    return milliseconds == 0 ? "0s" : "\(milliseconds)ms"
  }
}

extension TimeText.ParseError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notANumber: "is not a duration; write one such as '10s' or '250ms'"
    case .unitMissing: "has no unit; write a duration such as '10s' or '250ms'"
    case .unknownUnit(let unit): "has the unknown unit '\(unit)'; units are ms, s, m and h"
    case .tooLong: "is longer than a year"
    case .notWhole: "is not a whole number of milliseconds"
    }
  }
}
