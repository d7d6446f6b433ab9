@testable import Network

/// A network of two guests that are held to their addresses, and one behind which others may stand.
final class TestSwitch {
  /// What became of a frame, in a form that can be compared.
  enum Outcome: Equatable {
    case forward(Int)
    case flood
    case floodToOpenPorts
    case answer([UInt8])
    case ask([UInt8])
    case drop(DropReason?)
  }

  static let db = MACAddress(0x5254_0000_0002)
  static let web = MACAddress(0x5254_0000_0003)
  static let router = MACAddress(0x5254_0000_0004)
  static let ours = MACAddress(0x0271_0a09_0001)
  static let stranger = MACAddress(0x0200_0000_0099)

  static var definition: NetworkDefinition {
    NetworkDefinition(
      name: "shop/backend", subnet: subnet("10.9.0.0/24"), address: ip("10.9.0.1"),
      domain: "backend.shop",
      ports: [
        .init(name: "db", mac: db, address: ip("10.9.0.2")),
        .init(name: "web", mac: web, address: ip("10.9.0.3")),
        .init(name: "router", mac: router, address: nil, isSecure: false),
      ])
  }

  private var network: NetworkSwitch

  init(_ change: (inout NetworkDefinition) -> Void = { _ in }) {
    var definition = Self.definition
    change(&definition)
    network = NetworkSwitch(definition)
  }

  func send(_ frame: [UInt8], from port: Int, at now: Int64 = 0) -> Outcome {
    let before = network.counters[port]
    let decision = frame.withUnsafeBytes { network.decide(ByteView($0), from: port, atNanoseconds: now) }
    switch decision {
    case .forward(let other): return .forward(other)
    case .flood: return .flood
    case .floodToOpenPorts: return .floodToOpenPorts
    case .answer(let reply): return .answer(reply)
    case .ask(let query): return .ask(query.message)
    case .drop:
      let after = network.counters[port]
      return .drop(DropReason.allCases.first { after.drops($0) != before.drops($0) })
    }
  }

  /// The query that goes to the host's resolver.
  func query(_ frame: [UInt8], from port: Int) -> ForwardedQuery? {
    let decision = frame.withUnsafeBytes { network.decide(ByteView($0), from: port, atNanoseconds: 0) }
    if case .ask(let query) = decision { return query }
    return nil
  }

  var counters: [PortCounters] { network.counters }
}

func ip(_ text: String) -> IPv4Address { IPv4Address(text) ?? .any }

func subnet(_ text: String) -> IPv4Subnet {
  guard let subnet = IPv4Subnet(text) else { preconditionFailure("no subnet: \(text)") }
  return subnet
}

/// Bytes from pairs of hexadecimal digits, with spaces between them as one likes.
func hex(_ text: String) -> [UInt8] {
  let digits = text.filter { !$0.isWhitespace }
  precondition(digits.count.isMultiple(of: 2))
  return stride(from: 0, to: digits.count, by: 2).map { place in
    let start = digits.index(digits.startIndex, offsetBy: place)
    guard let byte = UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16) else {
      preconditionFailure("no digits: \(text)")
    }
    return byte
  }
}

extension [UInt8] {
  func view<Result>(_ body: (ByteView) throws -> Result) rethrows -> Result {
    try withUnsafeBytes { try body(ByteView($0)) }
  }
}

/// A UDP datagram in a frame, as a guest sends it.
func datagram(
  from mac: MACAddress, _ source: String, _ sourcePort: UInt16, to destinationMAC: MACAddress,
  _ destination: String, _ destinationPort: UInt16, _ payload: [UInt8]
) -> [UInt8] {
  Frames.udp(
    Frames.Way(
      sourceMAC: mac, source: ip(source), destinationMAC: destinationMAC,
      destination: ip(destination)),
    from: sourcePort, to: destinationPort, payload)
}
