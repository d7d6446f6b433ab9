import Testing

@testable import Network

@Suite("DNS") struct DNSTests {
  private func name(_ text: String) -> String {
    text.split(separator: ".").map { label in
      ([UInt8(label.utf8.count)] + Array(label.utf8)).map {
        String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)
      }
      .joined()
    }.joined() + "00"
  }

  private func question(_ name: String, _ type: String, extra: String = "", additions: String = "0000")
    -> [UInt8]
  {
    hex("abcd 0100 0001 0000 0000" + additions + self.name(name) + type + "0001" + extra)
  }

  private func sent(_ message: [UInt8]) -> [UInt8] {
    datagram(from: TestSwitch.db, "10.9.0.2", 40000, to: TestSwitch.ours, "10.9.0.1", 53, message)
  }

  private func ask(_ message: [UInt8], _ network: TestSwitch = TestSwitch()) throws -> [UInt8] {
    guard case .answer(let frame) = network.send(sent(message), from: 0) else { return [] }
    return try frame.view { view in
      let header = try #require(EthernetHeader(view))
      #expect(header.destination == TestSwitch.db)
      let packet = try #require(IPv4Packet(header.payload))
      #expect(packet.destination == ip("10.9.0.2"))
      let datagram = try #require(UDPDatagram(packet))
      #expect(datagram.sourcePort == 53)
      #expect(datagram.destinationPort == 40000)
      return datagram.payload.copy
    }
  }

  @Test(
    "A VM is known by its name, alone and with its network and lab",
    arguments: ["web", "web.backend", "web.backend.shop", "WEB.Backend.shop"])
  func address(of host: String) throws {
    let question = name(host) + "0001 0001"
    #expect(
      try ask(question: host, "0001")
        == hex("abcd 8580 0001 0001 0000 0000" + question + "c00c 0001 0001 0000000a 0004 0a090003"))
  }

  private func ask(question host: String, _ type: String) throws -> [UInt8] { try ask(question(host, type)) }

  @Test(
    "A name that is there has no record of another kind, and is there all the same",
    arguments: ["001c", "0041", "000f"])
  func otherTypes(type: String) throws {
    for host in ["web", "backend.shop", "shop"] {
      #expect(
        try ask(question: host, type) == hex("abcd 8580 0001 0000 0000 0000" + name(host) + type + "0001"))
    }
  }

  @Test("The name of an address")
  func reverse() throws {
    let host = "3.0.9.10.in-addr.arpa"
    let data = name("web.backend.shop")
    #expect(
      try ask(question: host, "000c")
        == hex("abcd 8580 0001 0001 0000 0000" + name(host) + "000c 0001 c00c 000c 0001 0000000a 0012" + data)
    )
  }

  @Test(
    "What is not there is no such name",
    arguments: [
      "nobody", "web.other", "nobody.backend.shop", "example.org", "9.0.9.10.in-addr.arpa",
      "8.8.8.8.in-addr.arpa",
    ])
  func nothing(host: String) throws {
    #expect(
      try ask(question: host, "0001") == hex("abcd 8583 0001 0000 0000 0000" + name(host) + "0001 0001"))
  }

  @Test("RFC 6891: the answer has its record when the question has one, of version 0 alone")
  func extended() throws {
    let asked = question("web", "0001", extra: "00 0029 04d0 00000000 0000", additions: "0001")
    #expect(
      try ask(asked)
        == hex(
          "abcd 8580 0001 0001 0000 0001" + name("web")
            + "0001 0001 c00c 0001 0001 0000000a 0004 0a090003 00 0029 04d0 00000000 0000"))
    let future = question("web", "0001", extra: "00 0029 04d0 00010000 0000", additions: "0001")
    #expect(
      try ask(future)
        == hex("abcd 8580 0001 0000 0000 0001" + name("web") + "0001 0001 00 0029 04d0 01000000 0000"))
  }

  @Test(
    "What cannot be read is refused, and leads nowhere",
    arguments: [
      // No question, two, an answer with it; a name that points at itself, that has no end, whose label is too long.
      "abcd 0100 0000 0000 0000 0000",
      "abcd 0100 0002 0000 0000 0000 0377656200 0001 0001 0377656200 0001 0001",
      "abcd 0100 0001 0001 0000 0000 0377656200 0001 0001", "abcd 0100 0001 0000 0000 0000 c00c 0001 0001",
      "abcd 0100 0001 0000 0000 0000 0377", "abcd 0100 0001 0000 0000 0000 40 61 00 0001 0001",
      "abcd 0100 0001 0000 0000 0000 0377656200 0001", "abcd 0100 0001 0000 0000 ffff 0377656200 0001 0001",
      "abcd 0100 0001 0000 0000 0001 0377656200 0001 0001 c00c 0029",
      "abcd 0100 0001 0000 0000 0001 0377656200 0001 0001 00 0029 04d0 00000000 0100",
    ])
  func malformed(message: String) throws {
    #expect(try ask(hex(message)) == hex("abcd 8581 0000 0000 0000 0000"))
  }

  @Test("Another class is refused, another operation not known")
  func refused() throws {
    #expect(
      try ask(hex("abcd 0100 0001 0000 0000 0000 0377656200 0001 0003"))
        == hex("abcd 8585 0000 0000 0000 0000"))
    #expect(
      try ask(hex("abcd 2900 0001 0000 0000 0000 0377656200 0001 0001"))
        == hex("abcd ad84 0000 0000 0000 0000"))
  }

  @Test("A name longer than a name can be is refused")
  func longName() throws {
    let label = "3f" + String(repeating: "61", count: 63)
    let long = hex("abcd 0100 0001 0000 0000 0000" + label + label + label + label + "00 0001 0001")
    #expect(try ask(long) == hex("abcd 8581 0000 0000 0000 0000"))
  }

  @Test("An answer is never answered, nor is what is no message")
  func silence() {
    let network = TestSwitch()
    for message in ["abcd 8580 0001 0000 0000 0000 0377656200 0001 0001", "abcd 0100", ""] {
      #expect(network.send(sent(hex(message)), from: 0) == .drop(.unanswered))
    }
  }

  @Test("Names from elsewhere are asked of the host when the network says so, and never ours")
  func forwarding() throws {
    let network = TestSwitch { $0.forwardsDNS = true }
    let asked = question("example.org", "0001")
    let query = try #require(network.query(sent(asked), from: 0))
    #expect(query.port == 0)
    #expect(query.message(numbered: 0x1234) == hex("1234") + asked.dropFirst(2))
    for host in ["nobody", "nobody.backend.shop", "9.0.9.10.in-addr.arpa"] {
      #expect(try ask(question(host, "0001"), network)[3] & 15 == 3)
    }
    let answer =
      hex("1234 8180 0001 0001 0000 0000") + asked.dropFirst(12)
      + hex("c00c 0001 0001 0000003c 0004 5db8d822")
    let frame = try #require(query.frame(with: answer))
    try frame.view { view in
      let header = try #require(EthernetHeader(view))
      let datagram = try #require(IPv4Packet(header.payload).flatMap(UDPDatagram.init))
      #expect(datagram.payload.copy == hex("abcd") + answer.dropFirst(2))
      #expect(datagram.destinationPort == 40000)
    }
    // One to another question, a question, and nothing.
    #expect(
      query.frame(with: hex("1234 8180 0001 0000 0000 0000") + question("example.com", "0001").dropFirst(12))
        == nil)
    #expect(query.frame(with: asked) == nil)
    #expect(query.frame(with: []) == nil)
    // One that does not fit says so.
    let long = try #require(query.frame(with: answer + [UInt8](repeating: 0, count: 1500)))
    try long.view { view in
      let header = try #require(EthernetHeader(view))
      let datagram = try #require(IPv4Packet(header.payload).flatMap(UDPDatagram.init))
      #expect(datagram.payload.copy == hex("abcd 8380 0001 0000 0000 0000") + asked.dropFirst(12))
    }
  }
}
