/// Who has an address, or has it; see RFC 826.
package struct ARPMessage {
  package static let request: UInt16 = 1
  package static let reply: UInt16 = 2

  package let operation: UInt16
  package let senderMAC: MACAddress
  package let sender: IPv4Address
  package let targetMAC: MACAddress
  package let target: IPv4Address

  /// Nil for what is not about IPv4 on Ethernet.
  package init?(_ payload: ByteView) {
    guard payload.uint16(0) == 1, payload.uint16(2) == EthernetHeader.Kind.ipv4.rawValue,
      payload.byte(4) == 6, payload.byte(5) == 4, let operation = payload.uint16(6),
      let senderMAC = MACAddress(payload, at: 8), let sender = IPv4Address(payload, at: 14),
      let targetMAC = MACAddress(payload, at: 18), let target = IPv4Address(payload, at: 24)
    else { return nil }
    self.init(
      operation: operation, senderMAC: senderMAC, sender: sender, targetMAC: targetMAC, target: target)
  }

  init(
    operation: UInt16, senderMAC: MACAddress, sender: IPv4Address, targetMAC: MACAddress, target: IPv4Address
  ) {
    self.operation = operation
    self.senderMAC = senderMAC
    self.sender = sender
    self.targetMAC = targetMAC
    self.target = target
  }

  /// The whole frame, from the sender's card to the target's.
  var frame: [UInt8] {
    var frame = Frames.ethernet(from: senderMAC, to: targetMAC, .arp)
    frame.append(uint16: 1)
    frame.append(uint16: EthernetHeader.Kind.ipv4.rawValue)
    frame += [6, 4]
    frame.append(uint16: operation)
    frame.append(senderMAC)
    frame.append(uint32: sender.value)
    frame.append(targetMAC)
    frame.append(uint32: target.value)
    return Frames.padded(frame)
  }
}
