/// A guest's question to the host's resolver, and the way back to the guest.
package struct ForwardedQuery: Sendable {
  /// What fits into one packet on every card: a longer answer is cut, and says so.
  private static let longestAnswer = 1472

  package let port: Int

  /// The question as the guest has sent it.
  package let message: [UInt8]
  private let way: Frames.Way
  private let clientPort: UInt16

  init(port: Int, way: Frames.Way, clientPort: UInt16, _ message: [UInt8]) {
    self.port = port
    self.way = way
    self.clientPort = clientPort
    self.message = message
  }

  /// The question under a number of ours, so that no guest can guess another's.
  package func message(numbered number: UInt16) -> [UInt8] { Self.numbered(message, number) }

  /// The frame with the resolver's answer; nil for what is no answer to this question.
  package func frame(with answer: [UInt8]) -> [UInt8]? {
    // It was a question when it came.
    guard answer.count >= DNSQuery.headerLength, answer[2] & 0x80 != 0, message.count >= 2,
      let query = message.withUnsafeBytes({ try? DNSQuery(ByteView($0)) }),
      answer.dropFirst(DNSQuery.headerLength).starts(with: query.question)
    else { return nil }
    var reply = answer
    if answer.count > Self.longestAnswer {
      reply = Array(answer.prefix(DNSQuery.headerLength)) + query.question
      reply[2] |= 2
      reply.replaceSubrange(4..<DNSQuery.headerLength, with: [0, 1, 0, 0, 0, 0, 0, 0])
    }
    let number = UInt16(message[0]) << 8 | UInt16(message[1])
    return Frames.udp(way, from: DNSServer.port, to: clientPort, Self.numbered(reply, number))
  }

  private static func numbered(_ message: [UInt8], _ number: UInt16) -> [UInt8] {
    [UInt8(number >> 8), UInt8(number & 0xff)] + message.dropFirst(2)
  }
}
