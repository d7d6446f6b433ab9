/// What only a router says in ICMPv6: a guest that says it takes its neighbours' traffic; see RFC 4861 and RFC 6105.
enum RouterWords {
  private static let advertisement: UInt8 = 134
  private static let redirect: UInt8 = 137
  private static let icmp: UInt8 = 58

  /// Headers that only name the next one: hop-by-hop, routing, destination options.
  private static let extensions: [UInt8] = [0, 43, 60]
  private static let fragment: UInt8 = 44
  private static let mostExtensions = 8

  /// Whether an IPv6 packet is one, or hides what it is.
  static func are(in packet: ByteView) -> Bool {
    guard let first = packet.byte(0), first >> 4 == 6, var next = packet.byte(6) else { return true }
    var place = 40
    for _ in 0..<mostExtensions {
      if next == icmp {
        guard let type = packet.byte(place) else { return true }
        return type == advertisement || type == redirect
      }
      // In pieces these are never sent; see RFC 6980.
      if next == fragment {
        return packet.byte(place) == icmp || packet.byte(place).map(extensions.contains) ?? true
      }
      guard extensions.contains(next) else { return false }
      guard let following = packet.byte(place), let length = packet.byte(place + 1) else { return true }
      next = following
      place += 8 * (Int(length) + 1)
    }
    return true
  }
}
