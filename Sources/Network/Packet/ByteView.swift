/// Bytes of a frame, read with every place checked: nothing in a frame is trusted.
///
/// It owns nothing and is valid only during the call that was given it. Numbers are in network order.
package struct ByteView {
  private let bytes: UnsafeRawBufferPointer

  package init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  package var count: Int { bytes.count }

  /// The byte at a place; nil behind the end.
  package func byte(_ place: Int) -> UInt8? {
    place >= 0 && place < bytes.count ? bytes[place] : nil
  }

  package func uint16(_ place: Int) -> UInt16? { number(place) }
  package func uint32(_ place: Int) -> UInt32? { number(place) }

  /// What begins at a place, up to the end; nil behind the end.
  package func dropping(_ place: Int) -> ByteView? {
    guard place >= 0, place <= bytes.count else { return nil }
    return ByteView(UnsafeRawBufferPointer(rebasing: bytes[place...]))
  }

  /// So many bytes from the beginning; nil when there are fewer.
  package func prefix(_ length: Int) -> ByteView? {
    guard length >= 0, length <= bytes.count else { return nil }
    return ByteView(UnsafeRawBufferPointer(rebasing: bytes[..<length]))
  }

  /// A copy that lasts.
  package var copy: [UInt8] { [UInt8](bytes) }

  private func number<Number: FixedWidthInteger>(_ place: Int) -> Number? {
    guard place >= 0, place <= bytes.count - MemoryLayout<Number>.size else { return nil }
    return Number(bigEndian: bytes.loadUnaligned(fromByteOffset: place, as: Number.self))
  }
}

extension [UInt8] {
  mutating func append(uint16 value: UInt16) {
    append(UInt8(truncatingIfNeeded: value >> 8))
    append(UInt8(truncatingIfNeeded: value))
  }

  mutating func append(uint32 value: UInt32) {
    append(uint16: UInt16(truncatingIfNeeded: value >> 16))
    append(uint16: UInt16(truncatingIfNeeded: value))
  }
}
