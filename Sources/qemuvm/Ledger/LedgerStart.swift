internal import Control
internal import Host
internal import Machine

/// From where on records are wanted: behind a number, or from a time on.
enum LedgerStart: Sendable, Equatable {
  case number(Int)
  case ago(Duration)
  case time(Timestamp)

  /// The number that the supervisor is asked with; times are sorted out here.
  var number: Int? {
    if case .number(let number) = self { number } else { nil }
  }

  func includes(_ record: LedgerRecord, now: Timestamp = .now) -> Bool {
    switch self {
    case .number(let number): record.seq > number
    case .ago(let duration): record.time.microseconds >= now.microseconds - duration.nanoseconds / 1000
    case .time(let time): record.time.microseconds >= time.microseconds
    }
  }
}

extension ValueParser<LedgerStart> {
  /// A record's number, a time ago as `10m`, or a date and time of RFC 3339.
  static var ledgerStart: ValueParser {
    ValueParser { text throws(InvalidValue) in
      if let number = Int(text), number >= 0, !text.hasPrefix("+") { return .number(number) }
      if let time = Timestamp(rfc3339: text) { return .time(time) }
      if let duration = try? TimeText.duration(text) { return .ago(duration) }
      throw InvalidValue(
        reason: "is not a record's number, a time ago as 10m, or a date and time as 2026-11-23T06:40:08Z")
    }
  }
}
