/// Frames as the switch makes them.
enum Frames {
  /// What a card may send at least, without the checksum that Ethernet adds.
  private static let least = 60

  /// An Ethernet header.
  static func ethernet(from source: MACAddress, to destination: MACAddress, _ kind: EthernetHeader.Kind)
    -> [UInt8]
  {
    var frame: [UInt8] = []
    frame.reserveCapacity(640)
    frame.append(destination)
    frame.append(source)
    frame.append(uint16: kind.rawValue)
    return frame
  }

  /// Both ends of what is sent.
  struct Way {
    var sourceMAC: MACAddress
    var source: IPv4Address
    var destinationMAC: MACAddress
    var destination: IPv4Address
  }

  /// A whole frame with an IPv4 packet.
  static func ipv4(_ way: Way, _ kind: IPv4Packet.Kind, _ payload: [UInt8]) -> [UInt8] {
    var frame = ethernet(from: way.sourceMAC, to: way.destinationMAC, .ipv4)
    let start = frame.count
    frame += [0x45, 0]
    frame.append(uint16: UInt16(20 + payload.count))
    // No number is needed for what is never sent in pieces; 64 hops.
    frame += [0, 0, 0x40, 0, 64, kind.rawValue, 0, 0]
    frame.append(uint32: way.source.value)
    frame.append(uint32: way.destination.value)
    put(InternetChecksum.of(frame[start...]), into: &frame, at: start + 10)
    return padded(frame + payload)
  }

  /// A whole frame with a UDP datagram.
  static func udp(_ way: Way, from sourcePort: UInt16, to destinationPort: UInt16, _ payload: [UInt8])
    -> [UInt8]
  {
    var datagram: [UInt8] = []
    datagram.append(uint16: sourcePort)
    datagram.append(uint16: destinationPort)
    datagram.append(uint16: UInt16(8 + payload.count))
    datagram += [0, 0]
    datagram += payload
    let pseudo = InternetChecksum.pseudoHeader(way.source, way.destination, length: datagram.count)
    let checksum = InternetChecksum.of(datagram[...], after: pseudo)
    // 0 would say that there is none.
    put(checksum == 0 ? 0xffff : checksum, into: &datagram, at: 6)
    return ipv4(way, .udp, datagram)
  }

  /// The answer to a ping; nil for anything else.
  static func echoReply(to packet: IPv4Packet, _ way: Way) -> [UInt8]? {
    guard packet.kind == .icmp, !packet.isFragment, packet.payload.count >= 8, packet.payload.byte(0) == 8,
      packet.payload.byte(1) == 0, InternetChecksum.of(packet.payload) == 0
    else { return nil }
    var message = packet.payload.copy
    message.replaceSubrange(0..<4, with: [0, 0, 0, 0])
    put(InternetChecksum.of(message[...]), into: &message, at: 2)
    return ipv4(way, .icmp, message)
  }

  static func padded(_ frame: [UInt8]) -> [UInt8] {
    frame + [UInt8](repeating: 0, count: max(0, least - frame.count))
  }

  private static func put(_ value: UInt16, into bytes: inout [UInt8], at place: Int) {
    bytes[place] = UInt8(value >> 8)
    bytes[place + 1] = UInt8(value & 0xff)
  }
}
