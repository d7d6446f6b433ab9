import Testing

@testable import Network

@Suite("What the switch does with a frame") struct SwitchingTests {
  /// A frame of the kind given, from one card to another.
  private func frame(from source: MACAddress, to destination: MACAddress, _ rest: String) -> [UInt8] {
    var frame: [UInt8] = []
    frame.append(destination)
    frame.append(source)
    return frame + hex(rest)
  }

  private func arp(
    from card: MACAddress, _ operation: UInt16, _ sender: String, _ target: String,
    senderMAC: MACAddress? = nil
  ) -> [UInt8] {
    var frame = ARPMessage(
      operation: operation, senderMAC: senderMAC ?? card, sender: ip(sender), targetMAC: .broadcast,
      target: ip(target)
    ).frame
    var source: [UInt8] = []
    source.append(card)
    frame.replaceSubrange(6..<12, with: source)
    return frame
  }

  private func packet(from card: MACAddress, _ source: String, to other: MACAddress, _ destination: String)
    -> [UInt8]
  {
    datagram(from: card, source, 4000, to: other, destination, 4001, [1, 2, 3])
  }

  @Test("A packet goes to the port of its destination's card alone")
  func forwarding() {
    let network = TestSwitch()
    let there = packet(from: TestSwitch.db, "10.9.0.2", to: TestSwitch.web, "10.9.0.3")
    #expect(network.send(there, from: 0) == .forward(1))
    #expect(
      network.send(packet(from: TestSwitch.web, "10.9.0.3", to: TestSwitch.db, "10.9.0.2"), from: 1)
        == .forward(0))
    #expect(network.counters[0].framesIn == 1)
    #expect(network.counters[0].bytesIn == UInt64(there.count))
  }

  @Test("Broadcasts and groups go to all")
  func groups() {
    let network = TestSwitch()
    #expect(network.send(arp(from: TestSwitch.db, 1, "10.9.0.2", "10.9.0.3"), from: 0) == .flood)
    let group = MACAddress(0x0100_5e00_00fb)
    #expect(
      network.send(packet(from: TestSwitch.db, "10.9.0.2", to: group, "224.0.0.251"), from: 0) == .flood)
  }

  @Test("What is meant for bridges goes nowhere")
  func bridges() {
    let spanningTree = frame(from: TestSwitch.db, to: MACAddress(0x0180_c200_0000), "0026 424203" + zeros(40))
    #expect(TestSwitch().send(spanningTree, from: 0) == .drop(.forBridges))
  }

  @Test("A port speaks with its own card only")
  func foreignCard() {
    let network = TestSwitch()
    let forged = packet(from: TestSwitch.web, "10.9.0.3", to: TestSwitch.router, "10.9.0.9")
    #expect(network.send(forged, from: 0) == .drop(.foreignMAC))
    let strange = packet(from: TestSwitch.stranger, "10.9.0.2", to: TestSwitch.web, "10.9.0.3")
    #expect(network.send(strange, from: 0) == .drop(.foreignMAC))
    let ours = packet(from: TestSwitch.ours, "10.9.0.2", to: TestSwitch.web, "10.9.0.3")
    #expect(network.send(ours, from: 0) == .drop(.foreignMAC))
    #expect(network.send(ours, from: 2) == .drop(.foreignMAC))
    #expect(network.counters[0].drops(.foreignMAC) == 3)
  }

  @Test(
    "A port speaks with its own address only, in ARP and in IPv4",
    arguments: ["10.9.0.3", "10.9.0.1", "192.168.1.1", "0.0.0.0"])
  func foreignAddress(source: String) {
    let network = TestSwitch()
    let forged = packet(from: TestSwitch.db, source, to: TestSwitch.web, "10.9.0.3")
    #expect(network.send(forged, from: 0) == .drop(.foreignAddress))
    guard source != "0.0.0.0" else { return }
    #expect(network.send(arp(from: TestSwitch.db, 2, source, "10.9.0.3"), from: 0) == .drop(.foreignAddress))
  }

  @Test("An ARP message names the card that sends it")
  func foreignARP() {
    let forged = arp(from: TestSwitch.db, 2, "10.9.0.2", "10.9.0.3", senderMAC: TestSwitch.web)
    #expect(TestSwitch().send(forged, from: 0) == .drop(.foreignAddress))
  }

  @Test("A look whether an address is free has no sender's address, and is passed on")
  func probe() {
    #expect(TestSwitch().send(arp(from: TestSwitch.db, 1, "0.0.0.0", "10.9.0.2"), from: 0) == .flood)
  }

  @Test("A tag hides no foreign address", arguments: ["8100 0000", "8100 0005", "88a8 0001 8100 0000"])
  func tagged(tag: String) {
    let network = TestSwitch()
    func tagged(_ frame: [UInt8]) -> [UInt8] { frame[..<12] + hex(tag) + frame[12...] }
    let own = packet(from: TestSwitch.db, "10.9.0.2", to: TestSwitch.web, "10.9.0.3")
    #expect(network.send(tagged(own), from: 0) == .forward(1))
    let forged = packet(from: TestSwitch.db, "10.9.0.3", to: TestSwitch.web, "10.9.0.3")
    #expect(network.send(tagged(forged), from: 0) == .drop(.foreignAddress))
    let three = own[..<12] + hex("8100 0000 8100 0000 8100 0000") + own[12...]
    #expect(network.send(Array(three), from: 0) == .drop(.malformed))
  }

  @Test("An open port may speak for others, but for no other port and not for the switch")
  func openPort() {
    let network = TestSwitch()
    let routed = packet(from: TestSwitch.stranger, "192.168.7.7", to: TestSwitch.db, "10.9.0.2")
    #expect(network.send(routed, from: 2) == .forward(0))
    let forged = packet(from: TestSwitch.web, "192.168.7.7", to: TestSwitch.db, "10.9.0.2")
    #expect(network.send(forged, from: 2) == .drop(.foreignMAC))
    #expect(
      network.send(arp(from: TestSwitch.router, 2, "10.9.0.1", "10.9.0.2"), from: 2) == .drop(.foreignAddress)
    )
  }

  @Test("Cards behind an open port are learned, and forgotten after five minutes")
  func learning() {
    let network = TestSwitch()
    let back = packet(from: TestSwitch.db, "10.9.0.2", to: TestSwitch.stranger, "192.168.7.7")
    #expect(network.send(back, from: 0) == .floodToOpenPorts)
    let routed = packet(from: TestSwitch.stranger, "192.168.7.7", to: TestSwitch.db, "10.9.0.2")
    #expect(network.send(routed, from: 2, at: 1) == .forward(0))
    #expect(network.send(back, from: 0, at: 2) == .forward(2))
    #expect(network.send(back, from: 0, at: 301_000_000_000) == .floodToOpenPorts)
  }

  @Test("A port that makes up cards pushes out none of another's")
  func tableFlood() {
    let network = TestSwitch {
      $0.ports.append(.init(name: "bridge", mac: MACAddress(0x5254_0000_0005), address: nil, isSecure: false))
    }
    let routed = packet(from: TestSwitch.stranger, "192.168.7.7", to: TestSwitch.db, "10.9.0.2")
    #expect(network.send(routed, from: 2) == .forward(0))
    for number in 0..<100_000 as Range<UInt64> {
      _ = network.send(
        packet(from: MACAddress(0x0600_0000_0000 + number), "1.1.1.1", to: TestSwitch.db, "10.9.0.2"), from: 3
      )
    }
    let back = packet(from: TestSwitch.db, "10.9.0.2", to: TestSwitch.stranger, "192.168.7.7")
    #expect(network.send(back, from: 0) == .forward(2))
  }

  @Test("Without open ports nobody is behind a card that nobody has")
  func unknown() {
    let network = TestSwitch { $0.ports.removeLast() }
    let lost = packet(from: TestSwitch.db, "10.9.0.2", to: TestSwitch.stranger, "10.9.0.77")
    #expect(network.send(lost, from: 0) == .drop(.unknownDestination))
    let own = packet(from: TestSwitch.db, "10.9.0.2", to: TestSwitch.db, "10.9.0.2")
    #expect(network.send(own, from: 0) == .drop(.unknownDestination))
  }

  @Test("So many frames to all a second and no more, each port by itself")
  func storm() {
    let network = TestSwitch { $0.broadcastsPerSecond = 100 }
    let second: Int64 = 1_000_000_000
    func floods(from port: Int, at now: Int64) -> Int {
      let frame =
        port == 0
        ? arp(from: TestSwitch.db, 1, "10.9.0.2", "10.9.0.3")
        : arp(from: TestSwitch.web, 1, "10.9.0.3", "10.9.0.2")
      return (0..<1000).count { _ in network.send(frame, from: port, at: now) == .flood }
    }
    #expect(floods(from: 0, at: 5 * second) == 100)
    #expect(floods(from: 1, at: 5 * second) == 100)
    #expect(floods(from: 0, at: 5 * second + second / 2) == 50)
    #expect(floods(from: 0, at: 60 * second) == 100)
    #expect(network.counters[0].drops(.storm) == 2750)
    // What is for one card alone is not slowed.
    let there = packet(from: TestSwitch.db, "10.9.0.2", to: TestSwitch.web, "10.9.0.3")
    #expect(network.send(there, from: 0, at: 60 * second) == .forward(1))
  }

  @Test(
    "A guest is no router, however it says so",
    arguments: [
      "3a ff", "00 ff" + "3a00" + "050200000100", "3c ff" + "3a00" + "000000000000",
      "2c ff" + "3a00" + "000000000000",
    ])
  func routerWords(next: String) {
    let network = TestSwitch()
    let start = next.filter { !$0.isWhitespace }
    let addresses = "fe80" + zeros(13) + "02" + "ff02" + zeros(13) + "01"
    let advertisement =
      "86dd 60000000 0010" + start.prefix(4) + addresses + start.dropFirst(4) + "8600" + zeros(14)
    let everyone = MACAddress(0x3333_0000_0001)
    #expect(
      network.send(frame(from: TestSwitch.db, to: everyone, advertisement), from: 0) == .drop(.routerWords))
    #expect(network.send(frame(from: TestSwitch.router, to: everyone, advertisement), from: 2) == .flood)
    let solicitation = advertisement.replacing("8600" + zeros(14), with: "8700" + zeros(14))
    guard !start.hasPrefix("2c") else { return }
    #expect(network.send(frame(from: TestSwitch.db, to: everyone, solicitation), from: 0) == .flood)
  }

  @Test("Whatever has the length of no frame, packet or message is dropped")
  func short() {
    let network = TestSwitch()
    let whole = packet(from: TestSwitch.db, "10.9.0.2", to: TestSwitch.web, "10.9.0.3")
    for length in 0..<34 { #expect(network.send(Array(whole.prefix(length)), from: 0) == .drop(.malformed)) }
    let question = arp(from: TestSwitch.db, 1, "10.9.0.2", "10.9.0.3")
    for length in 14..<42 {
      #expect(network.send(Array(question.prefix(length)), from: 0) == .drop(.malformed))
    }
  }

  @Test("It answers ARP for its own address, to the asker alone")
  func ownARP() {
    let question = hex(
      "ffffffffffff 525400000002 0806 0001 0800 06 04 0001 525400000002 0a090002 000000000000 0a090001")
    let answer = hex(
      "525400000002 02710a090001 0806 0001 0800 06 04 0002 02710a090001 0a090001 525400000002 0a090002")
    #expect(TestSwitch().send(question, from: 0) == .answer(answer + [UInt8](repeating: 0, count: 18)))
  }

  @Test("It answers a ping, and nothing else that is for itself")
  func ping() throws {
    let network = TestSwitch()
    let question = hex(
      """
      02710a090001 525400000002 0800  4500 0020 0001 0000 40 01 66c7 0a090002 0a090001
      0800 2fbb 0001 0002 61626364
      """)
    // The checksums of the example are made here; what is compared is the whole of the answer.
    var sent = question
    func put(_ checksum: UInt16, at place: Int) {
      sent[place] = UInt8(checksum >> 8)
      sent[place + 1] = UInt8(checksum & 0xff)
    }
    for place in [24, 25, 36, 37] { sent[place] = 0 }
    put(InternetChecksum.of(sent[14..<34]), at: 24)
    put(InternetChecksum.of(sent[34...]), at: 36)
    guard case .answer(let answer) = network.send(sent, from: 0) else {
      Issue.record("no answer")
      return
    }
    try answer.view { view in
      let header = try #require(EthernetHeader(view))
      #expect(header.destination == TestSwitch.db)
      #expect(header.source == TestSwitch.ours)
      let packet = try #require(IPv4Packet(header.payload))
      #expect(packet.isIntact)
      #expect(packet.source == ip("10.9.0.1"))
      #expect(packet.destination == ip("10.9.0.2"))
      #expect(InternetChecksum.of(packet.payload) == 0)
      #expect(packet.payload.copy.first == 0)
      #expect(Array(packet.payload.copy.dropFirst(4)) == hex("0001 0002 61626364"))
    }
    sent[40] ^= 1
    #expect(network.send(sent, from: 0) == .drop(.unanswered))
    let other = datagram(from: TestSwitch.db, "10.9.0.2", 1, to: TestSwitch.ours, "10.9.0.1", 9, [1])
    #expect(network.send(other, from: 0) == .drop(.unanswered))
  }

  private func zeros(_ count: Int) -> String { String(repeating: "00", count: count) }
}
