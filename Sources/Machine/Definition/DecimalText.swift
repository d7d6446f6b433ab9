/// A decimal number with a unit behind it, as people write sizes and durations: `1.5GiB`, `250ms`.
///
/// It is kept as an integer and a power of ten, so that nothing is rounded.
struct DecimalText {
  /// The digits without the point.
  private let digits: UInt64
  /// Ten to the number of digits behind the point.
  private let scale: UInt64
  let unit: String

  /// Reads an unsigned number, digits on both sides of a point, and takes the rest for the unit.
  ///
  /// Nil when there is no number or it has more digits than any size or duration needs.
  init?(_ text: String) {
    var digits: UInt64 = 0
    var scale: UInt64 = 1
    var rest = text.unicodeScalars[...]
    var hasPoint = false
    var hasDigit = false
    while let scalar = rest.first {
      if let digit = scalar.decimalDigit {
        let (product, overflow) = digits.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(digit)
        guard !overflow, !carry else { return nil }
        digits = sum
        hasDigit = true
        if hasPoint {
          // Cannot overflow before the digits do, except behind leading zeros.
          let (longer, overflow) = scale.multipliedReportingOverflow(by: 10)
          guard !overflow else { return nil }
          scale = longer
        }
      } else if scalar == ".", !hasPoint, hasDigit {
        hasPoint = true
        hasDigit = false
      } else {
        break
      }
      rest.removeFirst()
    }
    guard hasDigit else { return nil }
    self.digits = digits
    self.scale = scale
    unit = String(String.UnicodeScalarView(rest))
  }

  enum Product: Equatable {
    case exact(UInt64)
    case tooLarge
    /// Something smaller than one is left over.
    case fraction
  }

  /// The number times what its unit stands for.
  func times(_ factor: UInt64) -> Product {
    let (high, low) = digits.multipliedFullWidth(by: factor)
    guard high < scale else { return .tooLarge }
    let (quotient, remainder) = scale.dividingFullWidth((high, low))
    guard quotient <= UInt64(Int64.max) else { return .tooLarge }
    return remainder == 0 ? .exact(quotient) : .fraction
  }
}

extension Unicode.Scalar {
  fileprivate var decimalDigit: UInt64? {
    ("0"..."9").contains(self) ? UInt64(value - ("0" as Unicode.Scalar).value) : nil
  }
}
