/// Gives each port the one address that the definition has for it; see RFC 2131, 4.3.
///
/// It remembers nothing: a lease is the port's for as long as the network has it, whoever asks and however often, and
/// another server in its place gives the same.
struct DHCPServer {
  static let serverPort: UInt16 = 67
  static let clientPort: UInt16 = 68

  /// After which a guest asks again, and hears of a definition that was changed meanwhile.
  private static let leaseSeconds: UInt32 = 3600

  private let network: NetworkDefinition

  init(_ network: NetworkDefinition) {
    self.network = network
  }

  /// The frame that answers a client behind a port; nil where there is nothing to say.
  func answer(_ payload: ByteView, from port: NetworkDefinition.Port) -> [UInt8]? {
    guard let message = DHCPMessage(payload), message.clientMAC == port.mac, let address = port.address else {
      return nil
    }
    switch message.kind {
    case .discover:
      return frame(reply(.offer, to: message, address, port), to: message, address)
    case .request:
      // It has taken another server's offer.
      if let server = message.server, server != network.address { return nil }
      let wanted = message.requestedAddress ?? message.clientAddress
      guard wanted == address else { return refusal(of: message) }
      return frame(reply(.acknowledge, to: message, address, port), to: message, address)
    case .inform:
      // It has an address and only asks what else there is.
      guard message.clientAddress == address else { return nil }
      return frame(reply(.acknowledge, to: message, .any, port), to: message, address)
    case .release, .decline, .offer, .acknowledge, .refuse:
      return nil
    }
  }

  private func reply(
    _ kind: DHCPMessage.Kind, to message: DHCPMessage, _ address: IPv4Address, _ port: NetworkDefinition.Port
  ) -> [UInt8] {
    var reply = DHCPReply(kind, to: message, address: address, server: network.address)
    if message.kind != .inform {
      reply.add(.leaseTime, seconds: Self.leaseSeconds)
      reply.add(.renewalTime, seconds: Self.leaseSeconds / 2)
      reply.add(.rebindingTime, seconds: Self.leaseSeconds / 8 * 7)
    }
    reply.add(.subnetMask, network.subnet.mask)
    reply.add(.broadcastAddress, network.subnet.broadcast)
    // No router: there is nothing behind this network, and a guest's other card may have one.
    reply.add(.nameServers, network.address)
    reply.add(.hostName, Array(port.name.utf8))
    reply.add(.domainName, Array(network.domain.utf8))
    if let mtu = network.mtu {
      var value: [UInt8] = []
      value.append(uint16: UInt16(mtu))
      reply.add(.mtu, value)
    }
    return reply.written
  }

  /// The guest has an address from elsewhere: it is to ask for a new one.
  private func refusal(of message: DHCPMessage) -> [UInt8] {
    let reply = DHCPReply(.refuse, to: message, address: .any, server: network.address)
    return frame(reply.written, to: nil, .broadcast)
  }

  /// Where an answer goes: to the address that the client has, or is given if it can hear that, else to all.
  private func frame(_ payload: [UInt8], to message: DHCPMessage?, _ address: IPv4Address) -> [UInt8] {
    var way = Frames.Way(
      sourceMAC: network.mac, source: network.address, destinationMAC: .broadcast, destination: .broadcast)
    if let message {
      if message.clientAddress != .any {
        way.destinationMAC = message.clientMAC
        way.destination = message.clientAddress
      } else if !message.wantsBroadcast {
        way.destinationMAC = message.clientMAC
        way.destination = address
      }
    }
    return Frames.udp(way, from: Self.serverPort, to: Self.clientPort, payload)
  }
}
