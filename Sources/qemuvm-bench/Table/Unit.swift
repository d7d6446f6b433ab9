internal import Glibc

/// What a figure counts, and how it is written.
enum Unit: Sendable {
  case milliseconds
  case microseconds
  case perSecond
  case mebibytes
  case kibibytes
  case count

  private var name: String {
    switch self {
    case .milliseconds: " ms"
    case .microseconds: " µs"
    case .perSecond: "/s"
    case .mebibytes: " MiB"
    case .kibibytes: " KiB"
    case .count: ""
    }
  }

  private var digits: Int {
    switch self {
    case .milliseconds: 2
    case .microseconds, .mebibytes: 1
    case .perSecond, .kibibytes, .count: 0
    }
  }

  func text(_ value: Double) -> String { Self.decimal(value, digits) + name }

  /// A number with that many digits after the point.
  static func decimal(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return "\(value)" }
    let scale = pow(10, Double(digits))
    let scaled = Int64((abs(value) * scale).rounded())
    let (whole, part) = scaled.quotientAndRemainder(dividingBy: Int64(scale))
    let sign = value < 0 && scaled != 0 ? "-" : ""
    guard digits > 0 else { return "\(sign)\(whole)" }
    let fraction = String(part)
    return "\(sign)\(whole)." + String(repeating: "0", count: digits - fraction.count) + fraction
  }
}
