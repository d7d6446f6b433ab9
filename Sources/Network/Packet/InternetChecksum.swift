/// The checksum of IPv4, ICMP and UDP; see RFC 1071.
enum InternetChecksum {
  /// The checksum of the bytes; 0 where they hold their own and it is right.
  static func of(_ view: ByteView, after sum: UInt64 = 0) -> UInt16 {
    var sum = sum
    var place = 0
    while let word = view.uint16(place) {
      sum += UInt64(word)
      place += 2
    }
    if let last = view.byte(place) { sum += UInt64(last) << 8 }
    while sum > 0xffff { sum = (sum & 0xffff) + sum >> 16 }
    return ~UInt16(sum)
  }

  static func of(_ bytes: ArraySlice<UInt8>, after sum: UInt64 = 0) -> UInt16 {
    bytes.withUnsafeBytes { of(ByteView($0), after: sum) }
  }

  /// What stands in front of a UDP datagram only to be counted.
  static func pseudoHeader(_ source: IPv4Address, _ destination: IPv4Address, length: Int) -> UInt64 {
    let words = [
      source.value >> 16, source.value & 0xffff, destination.value >> 16, destination.value & 0xffff,
    ]
    return words.reduce(UInt64(IPv4Packet.Kind.udp.rawValue)) { $0 + UInt64($1) } + UInt64(length)
  }
}
