/// What the switch of a network does with each frame: it forwards, answers, or drops it and counts why.
///
/// Pure: it holds no socket and asks no clock. A frame that is forwarded costs no allocation.
package struct NetworkSwitch: ~Copyable {
  /// Where a frame goes.
  package enum Decision {
    case forward(to: Int)

    /// To every other port.
    case flood

    /// To every other port behind which there may be cards that the definition does not name.
    case floodToOpenPorts

    /// Back to where it came from, this one instead.
    case answer([UInt8])

    /// To the host's resolver.
    case ask(ForwardedQuery)

    /// Nowhere; it is counted already.
    case drop
  }

  private static let forwardedPerSecond = 200

  package let network: NetworkDefinition
  private let ports: [NetworkDefinition.Port]
  private let mac: MACAddress
  private let address: IPv4Address
  private let hasOpenPorts: Bool
  private let stations: StationTable
  private var learned: LearningTable
  private var storms: [StormLimit]

  /// For each port, what it may have asked of the host's resolver.
  private var forwarding: [StormLimit]
  private let dhcp: DHCPServer
  private let dns: DNSServer
  package private(set) var counters: [PortCounters]

  package init(_ network: NetworkDefinition) {
    self.network = network
    ports = network.ports
    mac = network.mac
    address = network.address
    hasOpenPorts = network.ports.contains { !$0.isSecure }
    stations = StationTable(network.ports.map(\.mac))
    learned = LearningTable(isNeeded: hasOpenPorts)
    storms = network.ports.map { _ in StormLimit(perSecond: network.broadcastsPerSecond) }
    forwarding = network.ports.map { _ in StormLimit(perSecond: Self.forwardedPerSecond) }
    dhcp = DHCPServer(network)
    dns = DNSServer(network)
    counters = network.ports.map { _ in PortCounters() }
  }

  package var portCount: Int { ports.count }

  /// Whether a port gets what is for cards that nobody knows.
  package func isOpen(_ port: Int) -> Bool { !ports[port].isSecure }

  /// Counts a frame that a port's guest was given.
  package mutating func countOut(_ port: Int, bytes: Int) { counters[port].countOut(bytes) }

  /// Counts a frame that went nowhere after all, or never was one.
  package mutating func countDrop(_ port: Int, _ reason: DropReason) { counters[port].countDrop(reason) }

  /// Decides about a frame from a port's guest.
  ///
  /// `now` is in nanoseconds of a clock that does not step.
  package mutating func decide(_ frame: ByteView, from port: Int, atNanoseconds now: Int64) -> Decision {
    counters[port].countIn(frame.count)
    guard let header = EthernetHeader(frame) else { return drop(port, .malformed) }
    guard admits(header.source, from: port, now) else { return drop(port, .foreignMAC) }
    guard !header.destination.isForBridges else { return drop(port, .forBridges) }
    switch header.kind {
    case .arp:
      guard let message = ARPMessage(header.payload) else { return drop(port, .malformed) }
      guard admits(message, from: port) else { return drop(port, .foreignAddress) }
      if !header.isTagged, let answer = answer(message) { return .answer(answer) }
    case .ipv4:
      guard let packet = IPv4Packet(header.payload) else { return drop(port, .malformed) }
      guard admits(packet, from: port) else { return drop(port, .foreignAddress) }
      if !header.isTagged, let decision = answer(packet, header, from: port, now) { return decision }
    case .ipv6:
      guard !ports[port].isSecure || !RouterWords.are(in: header.payload) else {
        return drop(port, .routerWords)
      }
    case nil: break
    }
    return way(to: header.destination, from: port, now)
  }

  private mutating func way(to destination: MACAddress, from port: Int, _ now: Int64) -> Decision {
    guard destination != mac else { return drop(port, .unanswered) }
    if destination.isGroup {
      return storms[port].take(atNanoseconds: now) ? .flood : drop(port, .storm)
    }
    if let found = stations.port(of: destination) ?? learned.port(of: destination, now: now) {
      return found == port ? drop(port, .unknownDestination) : .forward(to: found)
    }
    guard hasOpenPorts else { return drop(port, .unknownDestination) }
    return storms[port].take(atNanoseconds: now) ? .floodToOpenPorts : drop(port, .storm)
  }

  private mutating func drop(_ port: Int, _ reason: DropReason) -> Decision {
    counters[port].countDrop(reason)
    return .drop
  }

  // MARK: Port security

  /// Whether a card may speak at a port; at an open one it is learned.
  private mutating func admits(_ source: MACAddress, from port: Int, _ now: Int64) -> Bool {
    if source == ports[port].mac { return true }
    guard !ports[port].isSecure, !source.isGroup, source != mac, stations.port(of: source) == nil else {
      return false
    }
    learned.learn(source, at: port, now: now)
    return true
  }

  private func admits(_ message: ARPMessage, from port: Int) -> Bool {
    guard message.sender != address else { return false }
    guard ports[port].isSecure else { return true }
    // One that looks whether an address is free has none yet.
    return message.senderMAC == ports[port].mac
      && (message.sender == ports[port].address || message.sender == .any)
  }

  private func admits(_ packet: IPv4Packet, from port: Int) -> Bool {
    guard packet.source != address else { return false }
    guard ports[port].isSecure, packet.source != ports[port].address else { return true }
    // Before it has an address a guest asks for one, and says which groups it listens to (RFC 2236).
    return packet.source == .any && (packet.destination == .broadcast || packet.protocolNumber == 2)
  }

  // MARK: Answers

  private func answer(_ message: ARPMessage) -> [UInt8]? {
    guard message.operation == ARPMessage.request, message.target == address else { return nil }
    return ARPMessage(
      operation: ARPMessage.reply, senderMAC: mac, sender: address, targetMAC: message.senderMAC,
      target: message.sender
    ).frame
  }

  /// What follows from a packet that is for the switch itself; nil for another.
  private mutating func answer(
    _ packet: IPv4Packet, _ header: EthernetHeader, from port: Int, _ now: Int64
  ) -> Decision? {
    let isOurs = packet.destination == address
    guard isOurs || (network.answersDHCP && packet.destination == .broadcast && packet.kind == .udp) else {
      return nil
    }
    let datagram = UDPDatagram(packet)
    let isForDHCP = network.answersDHCP && datagram?.destinationPort == DHCPServer.serverPort
    guard isOurs || isForDHCP else { return nil }
    guard packet.isIntact else { return drop(port, .malformed) }
    if isForDHCP, let datagram { return decision(dhcp.answer(datagram.payload, from: ports[port]), port) }
    let way = Frames.Way(
      sourceMAC: mac, source: address, destinationMAC: header.source, destination: packet.source)
    guard let datagram else { return decision(Frames.echoReply(to: packet, way), port) }
    guard datagram.destinationPort == DNSServer.port else { return drop(port, .unanswered) }
    switch dns.answer(datagram.payload) {
    case .message(let message):
      return .answer(Frames.udp(way, from: DNSServer.port, to: datagram.sourcePort, message))
    case .elsewhere:
      guard forwarding[port].take(atNanoseconds: now) else { return drop(port, .storm) }
      return .ask(
        ForwardedQuery(port: port, way: way, clientPort: datagram.sourcePort, datagram.payload.copy))
    case .none: return drop(port, .unanswered)
    }
  }

  private mutating func decision(_ answer: [UInt8]?, _ port: Int) -> Decision {
    answer.map { .answer($0) } ?? drop(port, .unanswered)
  }
}
