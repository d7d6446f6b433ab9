import Glibc
import Testing

@testable import Network

/// Frames that nobody would send, by the hundred thousand; `QEMUVM_FRAMES` says how many.
@Suite("Frames made by chance") struct FuzzTests {
  /// The generator of java.util.SplittableRandom: the same frames for the same seed.
  struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
      return mixed ^ (mixed >> 31)
    }
  }

  private static let count = getenv("QEMUVM_FRAMES").flatMap { Int(String(cString: $0)) } ?? 100_000

  /// Frames that lead to every decision.
  private static let seeds: [[UInt8]] = {
    let discover = hex(
      "010106 00 deadbeef 0000 0000" + String(repeating: "00", count: 16) + "525400000002"
        + String(repeating: "00", count: 202) + "63825363 350101 3d0701525400000002 340103 3703010306 ff")
    func question(_ rest: String) -> [UInt8] {
      datagram(from: TestSwitch.db, "10.9.0.2", 40000, to: TestSwitch.ours, "10.9.0.1", 53, hex(rest))
    }
    return [
      datagram(from: TestSwitch.db, "10.9.0.2", 1, to: TestSwitch.web, "10.9.0.3", 2, [1, 2, 3, 4]),
      datagram(from: TestSwitch.db, "0.0.0.0", 68, to: .broadcast, "255.255.255.255", 67, discover),
      datagram(from: TestSwitch.db, "10.9.0.2", 68, to: TestSwitch.ours, "10.9.0.1", 67, discover),
      question(
        "abcd 0100 0001 0000 0000 0001 037765620762 61636b656e640473686f7000 0001 0001 00 0029 04d0 00000000 0000"
      ),
      question(
        "abcd 0100 0001 0000 0000 0000 0133 0130 0139 023130 07696e2d61646472 0461727061 00 000c 0001"),
      question("abcd 0100 0001 0000 0000 0000 076578616d706c65 036f7267 00 001c 0001"),
      hex("ffffffffffff 525400000002 0806 0001 0800 06 04 0001 525400000002 0a090002 000000000000 0a090001"),
      hex(
        "3333 00000001 525400000002 86dd 60000000 0010 00 ff" + String(repeating: "11", count: 32)
          + "3a00 0502 0000 0100 8700" + String(repeating: "00", count: 14)),
      hex(
        "525400000003 525400000002 8100 0005 0800 4500001c 0000 0000 40 11 0000 0a090002 0a090003 0001 0002 0008 0000"
      ),
    ]
  }()

  @Test(
    "None ends the switch, goes back where it came from, or passes for another guest's",
    arguments: [1, 2] as [UInt64])
  func frames(seed: UInt64) throws {
    var chance = SplitMix64(state: seed)
    let network = TestSwitch { $0.forwardsDNS = seed == 2 }
    var outcomes: Set<String> = []
    for number in 0..<Self.count / 2 {
      let frame = Self.frame(&chance)
      let port = number % 17 == 0 ? 2 : 0
      switch network.send(frame, from: port, at: Int64(number) * 10_000_000) {
      case .forward(let other):
        outcomes.insert("forward")
        #expect(other != port)
        if port == 0 { try expectOwn(frame) }
      case .flood:
        outcomes.insert("flood")
        if port == 0 { try expectOwn(frame) }
      case .floodToOpenPorts: outcomes.insert("flood to open ports")
      case .answer(let reply):
        outcomes.insert("answer")
        try expectFrame(reply)
      case .ask(let message):
        outcomes.insert("ask")
        #expect(message.count <= frame.count)
      case .drop(let reason):
        let reason = try #require(reason, "a frame that was dropped is counted")
        outcomes.insert("\(reason)")
      }
    }
    #expect(
      outcomes.isSuperset(of: [
        "forward", "flood", "answer", "malformed", "foreignMAC", "foreignAddress", "unanswered",
      ]))
  }

  @Test("A resolver's answer made by chance ends nothing")
  func answers() throws {
    var chance = SplitMix64(state: 3)
    let network = TestSwitch { $0.forwardsDNS = true }
    let query = try #require(network.query(Self.seeds[5], from: 0))
    for _ in 0..<Self.count / 10 {
      var answer = query.message(numbered: 7)
      Self.change(&answer, &chance)
      if let frame = query.frame(with: answer) { try expectFrame(frame) }
    }
  }

  private static func frame(_ chance: inout SplitMix64) -> [UInt8] {
    if chance.next() % 32 == 0 {
      return (0..<Int.random(in: 0...400, using: &chance)).map { _ in
        UInt8.random(in: 0...255, using: &chance)
      }
    }
    var frame = seeds[Int.random(in: 0..<seeds.count, using: &chance)]
    change(&frame, &chance)
    // A checksum that is right lets more through.
    if chance.next() % 2 == 0, frame.count >= 42, frame[12] == 8, frame[13] == 0 {
      for place in [24, 25, 40, 41] { frame[place] = 0 }
      let checksum = InternetChecksum.of(frame[14..<34])
      frame[24] = UInt8(checksum >> 8)
      frame[25] = UInt8(checksum & 0xff)
    }
    return frame
  }

  private static func change(_ bytes: inout [UInt8], _ chance: inout SplitMix64) {
    for _ in 0..<(chance.next() % 4) where !bytes.isEmpty {
      let place = Int.random(in: 0..<bytes.count, using: &chance)
      switch chance.next() % 6 {
      case 0: bytes.removeLast(bytes.count - place)
      case 1: bytes.remove(at: place)
      case 2: bytes.insert(UInt8.random(in: 0...255, using: &chance), at: place)
      case 3: bytes[place] = [0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff][Int(chance.next() % 8)]
      case 4: bytes[place] ^= 1 << UInt8(chance.next() % 8)
      default: bytes[place] = UInt8.random(in: 0...255, using: &chance)
      }
    }
  }

  /// What leaves a port that is held to its own card and address.
  private func expectOwn(_ frame: [UInt8]) throws {
    try frame.view { view in
      let header = try #require(EthernetHeader(view))
      #expect(header.source == TestSwitch.db)
      #expect(!header.destination.isForBridges)
      if header.kind == .ipv4 {
        let packet = try #require(IPv4Packet(header.payload))
        #expect(packet.source == ip("10.9.0.2") || packet.source == .any)
      }
      if header.kind == .arp {
        let message = try #require(ARPMessage(header.payload))
        #expect(message.senderMAC == TestSwitch.db)
        #expect(message.sender == ip("10.9.0.2") || message.sender == .any)
      }
    }
  }

  /// What the switch makes itself.
  private func expectFrame(_ frame: [UInt8]) throws {
    #expect(frame.count >= 60)
    try frame.view { view in
      let header = try #require(EthernetHeader(view))
      #expect(header.source == TestSwitch.ours)
      guard header.kind == .ipv4 else { return }
      let packet = try #require(IPv4Packet(header.payload))
      #expect(packet.isIntact)
      #expect(packet.source == ip("10.9.0.1"))
      if packet.kind == .udp { #expect(UDPDatagram(packet) != nil) }
    }
  }
}
