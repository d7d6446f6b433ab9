/// A datagram of the User Datagram Protocol; see RFC 768.
package struct UDPDatagram {
  package let sourcePort: UInt16
  package let destinationPort: UInt16
  package let payload: ByteView

  /// Nil for a piece of one, and for one that is shorter than it says or was changed on its way.
  package init?(_ packet: IPv4Packet) {
    guard packet.kind == .udp, !packet.isFragment, let sourcePort = packet.payload.uint16(0),
      let destinationPort = packet.payload.uint16(2), let length = packet.payload.uint16(4), length >= 8,
      let checksum = packet.payload.uint16(6), let whole = packet.payload.prefix(Int(length)),
      let payload = whole.dropping(8)
    else { return nil }
    let pseudo = InternetChecksum.pseudoHeader(packet.source, packet.destination, length: Int(length))
    guard checksum == 0 || InternetChecksum.of(whole, after: pseudo) == 0 else { return nil }
    self.sourcePort = sourcePort
    self.destinationPort = destinationPort
    self.payload = payload
  }
}
