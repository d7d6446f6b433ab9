internal import Glibc

extension Timestamp {
  /// Reads a date and time of RFC 3339, such as `2026-11-23T06:40:08.123Z` or `2026-11-23 06:40:08+01:00`.
  ///
  /// The zone must be there, digits of a second beyond the microsecond are dropped, and a leap second counts as the
  /// second after it.
  package init?(rfc3339 text: String) {
    var rest = Substring(text)
    guard let year = rest.takeNumber(4), rest.take("-"), let month = rest.takeNumber(2), rest.take("-"),
      let day = rest.takeNumber(2), rest.take("T") || rest.take("t") || rest.take(" "),
      let hour = rest.takeNumber(2), rest.take(":"), let minute = rest.takeNumber(2), rest.take(":"),
      let second = rest.takeNumber(2), (1...12).contains(month), (1...31).contains(day), hour < 24,
      minute < 60,
      second <= 60
    else { return nil }
    var fraction = 0
    if rest.take(".") {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      guard !digits.isEmpty else { return nil }
      rest.removeFirst(digits.count)
      let six = digits.prefix(6)
      fraction = (Int(six) ?? 0) * [1, 100_000, 10_000, 1000, 100, 10, 1][six.count]
    }
    guard let offset = rest.takeZone(), rest.isEmpty else { return nil }
    var parts = tm()
    parts.tm_year = Int32(year - 1900)
    parts.tm_mon = Int32(month - 1)
    parts.tm_mday = Int32(day)
    parts.tm_hour = Int32(hour)
    parts.tm_min = Int32(minute)
    parts.tm_sec = Int32(second)
    let seconds = timegm(&parts)
    // timegm(3) turns the 31st of a short month into the 1st of the next.
    guard parts.tm_mday == Int32(day) || second == 60 else { return nil }
    self.init(microseconds: (Int64(seconds) - Int64(offset) * 60) * 1_000_000 + Int64(fraction))
  }
}

extension Substring {
  fileprivate mutating func take(_ character: Character) -> Bool {
    guard first == character else { return false }
    removeFirst()
    return true
  }

  fileprivate mutating func takeNumber(_ width: Int) -> Int? {
    let digits = prefix(width)
    guard digits.count == width, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
    removeFirst(width)
    return Int(digits)
  }

  /// Minutes east of UTC.
  fileprivate mutating func takeZone() -> Int? {
    if take("Z") || take("z") { return 0 }
    let sign = first == "-" ? -1 : 1
    guard take("+") || take("-"), let hours = takeNumber(2), take(":"), let minutes = takeNumber(2),
      hours < 24,
      minutes < 60
    else { return nil }
    return sign * (hours * 60 + minutes)
  }
}
