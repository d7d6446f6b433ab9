/// A size in bytes, of memory or of a disk.
///
/// It is written with a unit: `512M`, `2G`, `1.5GiB`. K, M, G and T are powers of 1024, as QEMU has them, and
/// KiB, MiB, GiB and TiB are the same. A bare number is refused: to one it means bytes, to another MiB.
package struct ByteCount: Sendable, Hashable {
  package let bytes: UInt64

  package init(bytes: UInt64) { self.bytes = bytes }
  package static func mebibytes(_ count: UInt64) -> ByteCount { ByteCount(bytes: count << 20) }
  package static func gibibytes(_ count: UInt64) -> ByteCount { ByteCount(bytes: count << 30) }

  /// The size as whole MiB, rounded down.
  package var mebibytes: UInt64 { bytes >> 20 }

  /// The size times a count; nil when no `Int64` holds it.
  package func multiplied(by count: Int) -> ByteCount? {
    let (product, overflow) = bytes.multipliedReportingOverflow(by: UInt64(clamping: count))
    return overflow || product > UInt64(Int64.max) ? nil : ByteCount(bytes: product)
  }
}

extension ByteCount: Comparable {
  package static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
}

extension ByteCount: CustomStringConvertible {
  /// The size in the largest unit that keeps it whole, in the form that is read back: `1536M`, `512B`.
  package var description: String {
    for (unit, shift) in [("T", 40), ("G", 30), ("M", 20), ("K", 10)]
    where bytes != 0 && bytes % (1 << shift) == 0 {
      return "\(bytes >> shift)\(unit)"
    }
    return "\(bytes)B"
  }
}

extension ByteCount {
  /// Why a text is no size.
  package enum ParseError: Error, Sendable, Equatable {
    case notANumber
    case unitMissing
    case unknownUnit(String)
    case tooLarge
    case notWhole
  }

  package init(parsing text: String) throws(ParseError) {
    guard let number = DecimalText(text) else { throw .notANumber }
    let factor: UInt64
    switch number.unit.uppercased() {
    case "": throw .unitMissing
    case "B": factor = 1
    case "K", "KIB": factor = 1 << 10
    case "M", "MIB": factor = 1 << 20
    case "G", "GIB": factor = 1 << 30
    case "T", "TIB": factor = 1 << 40
    default: throw .unknownUnit(number.unit)
    }
    switch number.times(factor) {
    case .exact(let bytes): self.init(bytes: bytes)
    case .tooLarge: throw .tooLarge
    case .fraction: throw .notWhole
    }
  }
}

extension ByteCount.ParseError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notANumber: "is not a size; write one such as '512M' or '2G'"
    case .unitMissing: "has no unit; write a size such as '512M' or '2G'"
    case .unknownUnit(let unit): "has the unknown unit '\(unit)'; units are K, M, G and T, powers of 1024"
    case .tooLarge: "is too large"
    case .notWhole: "is not a whole number of bytes"
    }
  }
}
