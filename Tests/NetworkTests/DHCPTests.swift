import Testing

@testable import Network

@Suite("DHCP") struct DHCPTests {
  /// A client's message: the fixed part with its card, then options.
  private func message(
    flags: String = "0000", client: String = "00000000", relay: String = "00000000",
    mac: String = "525400000002", _ options: String
  ) -> [UInt8] {
    hex(
      "01 01 06 00 deadbeef 0000" + flags + client + "00000000 00000000" + relay + mac
        + String(repeating: "00", count: 10 + 64 + 128) + "63825363" + options)
  }

  private func sent(
    _ message: [UInt8], from source: String = "0.0.0.0", to destination: String = "255.255.255.255"
  ) -> [UInt8] {
    datagram(
      from: TestSwitch.db, source, 68, to: destination == "10.9.0.1" ? TestSwitch.ours : .broadcast,
      destination, 67, message)
  }

  /// What a client reads in an answer.
  struct Answer: Equatable {
    var destinationMAC = TestSwitch.db
    var destination = ip("10.9.0.2")
    var address = IPv4Address.any
    var options: [UInt8: [UInt8]] = [:]
  }

  private func answer(_ outcome: TestSwitch.Outcome) throws -> Answer {
    guard case .answer(let frame) = outcome else { throw NoAnswer(outcome: outcome) }
    return try frame.view { view in
      let header = try #require(EthernetHeader(view))
      let packet = try #require(IPv4Packet(header.payload))
      #expect(packet.isIntact)
      #expect(packet.source == switchAddress)
      let datagram = try #require(UDPDatagram(packet))
      #expect(datagram.sourcePort == 67)
      #expect(datagram.destinationPort == 68)
      let bytes = datagram.payload.copy
      #expect(bytes.count >= 300)
      #expect(bytes[0] == 2)
      #expect(Array(bytes[4..<8]) == hex("deadbeef"))
      #expect(Array(bytes[28..<34]) == hex("525400000002"))
      var answer = Answer()
      answer.destinationMAC = header.destination
      answer.destination = packet.destination
      answer.address = try #require(IPv4Address(datagram.payload, at: 16))
      var place = 240
      while bytes[place] != 255 {
        let length = Int(bytes[place + 1])
        answer.options[bytes[place]] = Array(bytes[(place + 2)..<(place + 2 + length)])
        place += 2 + length
      }
      return answer
    }
  }

  private struct NoAnswer: Error { let outcome: TestSwitch.Outcome }
  private let switchAddress = ip("10.9.0.1")

  @Test("A guest is offered the address that the definition has for it, with all that it needs")
  func discover() throws {
    let network = TestSwitch { $0.mtu = 9000 }
    // As busybox's udhcpc asks.
    let discover = message(
      "350101 3d0701525400000002 390202 40 3707 01 03 06 0c 0f 1c 2a 3c0c756468637020312e33362e31 ff"
        .replacing("390202 40", with: "39020240"))
    let offer = try answer(network.send(sent(discover), from: 0))
    #expect(offer.destinationMAC == TestSwitch.db)
    #expect(offer.destination == ip("10.9.0.2"))
    #expect(offer.address == ip("10.9.0.2"))
    #expect(
      offer.options == [
        53: [2], 54: [10, 9, 0, 1], 51: [0, 0, 14, 16], 58: [0, 0, 7, 8], 59: [0, 0, 12, 78],
        1: [255, 255, 255, 0], 28: [10, 9, 0, 255], 6: [10, 9, 0, 1], 12: Array("db".utf8),
        15: Array("backend.shop".utf8), 26: [35, 40], 61: hex("01525400000002"),
      ])
  }

  @Test("A client that can hear a broadcast alone is answered by one")
  func broadcastFlag() throws {
    let offer = try answer(TestSwitch().send(sent(message(flags: "8000", "350101 ff")), from: 0))
    #expect(offer.destinationMAC == .broadcast)
    #expect(offer.destination == .broadcast)
    #expect(offer.address == ip("10.9.0.2"))
  }

  @Test(
    "The address is confirmed to who has taken the offer, comes back, or renews it",
    arguments: ["350103 32040a090002 36040a090001 ff", "350103 32040a090002 ff"])
  func request(options: String) throws {
    let reply = try answer(TestSwitch().send(sent(message(options)), from: 0))
    #expect(reply.options[53] == [5])
    #expect(reply.address == ip("10.9.0.2"))
    #expect(reply.options[51] == [0, 0, 14, 16])
  }

  @Test(
    "A renewal comes to the switch alone, or to all, from the address itself",
    arguments: ["10.9.0.1", "255.255.255.255"])
  func renewal(destination: String) throws {
    let renewal = sent(message(client: "0a090002", "350103 ff"), from: "10.9.0.2", to: destination)
    let reply = try answer(TestSwitch().send(renewal, from: 0))
    #expect(reply.options[53] == [5])
    #expect(reply.destination == ip("10.9.0.2"))
    #expect(reply.address == ip("10.9.0.2"))
  }

  @Test("An address from elsewhere is refused, so that the guest asks anew")
  func refusal() throws {
    let reply = try answer(TestSwitch().send(sent(message("350103 3204c0a80105 ff")), from: 0))
    #expect(reply.options[53] == [6])
    #expect(reply.address == .any)
    #expect(reply.destination == .broadcast)
    #expect(reply.options[51] == nil)
  }

  @Test("Who has its address and asks for the rest gets no lease")
  func inform() throws {
    let question = sent(message(client: "0a090002", "350108 ff"), from: "10.9.0.2", to: "10.9.0.1")
    let reply = try answer(TestSwitch().send(question, from: 0))
    #expect(reply.options[53] == [5])
    #expect(reply.options[51] == nil)
    #expect(reply.address == .any)
    #expect(reply.options[6] == [10, 9, 0, 1])
  }

  @Test("Options may stand in the fields for a file and a name")
  func overload() throws {
    var bytes = message("340103 ff")
    bytes.replaceSubrange(108..<112, with: hex("350103 ff"))
    bytes.replaceSubrange(44..<51, with: hex("32040a090002 ff"))
    #expect(try answer(TestSwitch().send(sent(bytes), from: 0)).options[53] == [5])
  }

  @Test(
    "No answer to a release, a decline, another server's client, another card, a relay, or to no message",
    arguments: [
      ("350107 ff", "525400000002", "00000000"), ("350104 ff", "525400000002", "00000000"),
      ("350103 32040a090002 36040a090063 ff", "525400000002", "00000000"),
      ("350101 ff", "525400000003", "00000000"), ("350101 ff", "525400000002", "0a090005"),
      ("ff", "525400000002", "00000000"), ("3501", "525400000002", "00000000"),
      ("35", "525400000002", "00000000"), ("", "525400000002", "00000000"),
    ])
  func silence(options: String, mac: String, relay: String) {
    let sent = sent(message(relay: relay, mac: mac, options))
    #expect(TestSwitch().send(sent, from: 0) == .drop(.unanswered))
  }

  @Test("Where the network has a server of its own the questions are passed on")
  func otherServer() {
    let network = TestSwitch { $0.answersDHCP = false }
    #expect(network.send(sent(message("350101 ff")), from: 0) == .flood)
  }

  @Test("No other guest hears of it")
  func privacy() {
    let outcome = TestSwitch().send(sent(message("350101 ff")), from: 0)
    #expect(outcome != .flood)
  }
}
