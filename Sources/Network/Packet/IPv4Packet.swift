/// A packet of the Internet Protocol, version 4; see RFC 791.
package struct IPv4Packet {
  /// What a packet carries.
  package enum Kind: UInt8 {
    case icmp = 1
    case udp = 17
  }

  package let source: IPv4Address
  package let destination: IPv4Address

  /// A number of `Kind`, or another.
  package let protocolNumber: UInt8

  /// Whether it is one of several pieces.
  package let isFragment: Bool
  package let header: ByteView

  /// What the lengths in the header leave of the frame, which may be longer.
  package let payload: ByteView

  /// Nil for what is no packet, or is shorter than it says.
  package init?(_ view: ByteView) {
    guard let first = view.byte(0), first >> 4 == 4, let total = view.uint16(2), let pieces = view.uint16(6),
      let kind = view.byte(9), let source = IPv4Address(view, at: 12),
      let destination = IPv4Address(view, at: 16)
    else { return nil }
    let length = Int(first & 15) * 4
    guard length >= 20, let packet = view.prefix(Int(total)), let header = packet.prefix(length),
      let payload = packet.dropping(length)
    else { return nil }
    self.source = source
    self.destination = destination
    protocolNumber = kind
    isFragment = pieces & 0x3fff != 0
    self.header = header
    self.payload = payload
  }

  var kind: Kind? { Kind(rawValue: protocolNumber) }

  /// Whether the header is as it was sent.
  var isIntact: Bool { InternetChecksum.of(header) == 0 }
}
