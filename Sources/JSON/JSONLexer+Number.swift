extension JSONLexer {
  /// Reads the number whose first byte is next.
  ///
  /// What is written without fraction and exponent is an integer, and exact or refused: beyond `Int64.min ...
  /// UInt64.max` it is out of range, and not rounded to a double. `-0` is the integer 0, which has no sign; `-0.0` keeps
  /// it. What is written with them is the nearest double, or out of range when that would be infinite; a number too
  /// small for a double is 0.
  mutating func number() throws(JSONSyntaxError) -> JSONScalar {
    let start = offset
    let isNegative = take(.minus)
    if dialect == .json5 {
      if !isNegative { _ = take(.plus) }
      if let number = try numberOfJSON5(from: start, isNegative: isNegative) { return number }
    }
    var decimal = Decimal()
    let first = next
    let integerDigits = readDigits(into: &decimal)
    guard integerDigits <= 1 || first != 0x30 else { throw malformedNumber(from: start) }
    var isInteger = true
    var fractionDigits = 0
    if take(.point) {
      isInteger = false
      fractionDigits = readDigits(into: &decimal)
      decimal.exponent = -fractionDigits
    }
    let hasDigits =
      switch dialect {
      case .json: integerDigits > 0 && (isInteger || fractionDigits > 0)
      case .json5: integerDigits + fractionDigits > 0
      }
    guard hasDigits else { throw malformedNumber(from: start) }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      isInteger = false
      offset += 1
      guard readExponent(into: &decimal) else { throw malformedNumber(from: start) }
    }
    try endNumber(from: start)
    guard isInteger else {
      return .number(try double(decimal, isNegative: isNegative, literal: start..<offset))
    }
    return try integer(decimal, isNegative: isNegative, from: start)
  }

  /// The digits of a number without its point, and the power of ten that puts the point back.
  private struct Decimal {
    var significand: UInt64 = 0
    /// Whether the digits are more than `significand` holds.
    var overflows = false
    var exponent = 0
  }

  /// Reads digits, any number of them, and returns how many.
  private mutating func readDigits(into decimal: inout Decimal) -> Int {
    let start = offset
    while let digit = next?.decimalDigit {
      let (shifted, overflow) = decimal.significand.multipliedReportingOverflow(by: 10)
      let (sum, carry) = shifted.addingReportingOverflow(digit)
      decimal.significand = sum
      if overflow || carry { decimal.overflows = true }
      offset += 1
    }
    return offset - start
  }

  /// Reads what follows the `e` of an exponent; false if that has no digit.
  private mutating func readExponent(into decimal: inout Decimal) -> Bool {
    let isNegative = take(.minus)
    if !isNegative { _ = take(.plus) }
    var digits = Decimal()
    guard readDigits(into: &digits) > 0 else { return false }
    // An exponent beyond a few digits is not computed with; only the literal's text decides then.
    if digits.overflows || digits.significand > 9999 {
      decimal.overflows = true
    } else {
      decimal.exponent += isNegative ? -Int(digits.significand) : Int(digits.significand)
    }
    return true
  }

  private func integer(
    _ digits: Decimal, isNegative: Bool, from start: Int
  ) throws(JSONSyntaxError) -> JSONScalar {
    if !digits.overflows {
      let magnitude = digits.significand
      if !isNegative {
        return Int64(exactly: magnitude).map(JSONScalar.integer) ?? .unsigned(magnitude)
      }
      if magnitude <= Int64.min.magnitude {
        return .integer(Int64(truncatingIfNeeded: 0 &- magnitude))
      }
    }
    throw error(.numberOutOfRange(clipped(start..<offset)), at: start)
  }

  private func double(
    _ decimal: Decimal, isNegative: Bool, literal: Range<Int>
  ) throws(JSONSyntaxError) -> Double {
    // Both factors are exact doubles here, so that the one rounding of the operation gives the nearest (Clinger 1990).
    if !decimal.overflows, decimal.significand <= 1 << 53, abs(decimal.exponent) <= 22 {
      let significand = Double(decimal.significand)
      let power = powersOfTen[abs(decimal.exponent)]
      let magnitude = decimal.exponent < 0 ? significand / power : significand * power
      return isNegative ? -magnitude : magnitude
    }
    guard let value = Double(text.string(literal, isASCII: true)), value.isFinite else {
      throw error(.numberOutOfRange(clipped(literal)), at: literal.lowerBound)
    }
    return value
  }

  /// Reads what only JSON5 knows after the sign: `Infinity`, `NaN` and hexadecimal integers; nil if none is next.
  private mutating func numberOfJSON5(
    from start: Int, isNegative: Bool
  ) throws(JSONSyntaxError) -> JSONScalar? {
    switch next {
    case UInt8(ascii: "I"), UInt8(ascii: "N"):
      switch takeWord() {
      case "Infinity": return .number(isNegative ? -.infinity : .infinity)
      case "NaN": return .number(.nan)
      default: throw malformedNumber(from: start)
      }
    case 0x30 where offset + 1 < text.end && text[offset + 1] | 0x20 == UInt8(ascii: "x"):
      offset += 2
    default:
      return nil
    }
    var digits = Decimal()
    let firstDigit = offset
    while let digit = next?.hexadecimalDigit {
      if digits.significand >> 60 != 0 { digits.overflows = true }
      digits.significand = digits.significand << 4 | digit
      offset += 1
    }
    guard offset > firstDigit else { throw malformedNumber(from: start) }
    try endNumber(from: start)
    return try integer(digits, isNegative: isNegative, from: start)
  }

  /// Refuses a number that goes on with what is no part of it, such as `512M` or `1.2.3`.
  private func endNumber(from start: Int) throws(JSONSyntaxError) {
    if let next, next.isNumberLike { throw malformedNumber(from: start) }
  }

  /// The error that the word from `start` on is no number.
  private func malformedNumber(from start: Int) -> JSONSyntaxError {
    let end = text.bytes[start...].firstIndex { !$0.isNumberLike } ?? text.end
    return error(.malformedNumber(clipped(start..<end)), at: start)
  }
}

extension UInt8 {
  /// Whether a person may have meant the byte as part of a number, right or wrong.
  fileprivate var isNumberLike: Bool { isWord || self == .point || self == .plus || self == .minus }
}

/// The powers of ten that a double holds exactly.
private let powersOfTen: [Double] = [
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]
