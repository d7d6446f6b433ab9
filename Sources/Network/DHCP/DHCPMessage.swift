/// A message of a DHCP client's; see RFC 2131 and RFC 2132.
struct DHCPMessage {
  enum Kind: UInt8 {
    case discover = 1
    case offer = 2
    case request = 3
    case decline = 4
    case acknowledge = 5
    case refuse = 6
    case release = 7
    case inform = 8
  }

  /// The options that are read or written here, by their numbers.
  enum Option: UInt8 {
    case subnetMask = 1
    case nameServers = 6
    case hostName = 12
    case domainName = 15
    case mtu = 26
    case broadcastAddress = 28
    case requestedAddress = 50
    case leaseTime = 51
    case overload = 52
    case kind = 53
    case server = 54
    case renewalTime = 58
    case rebindingTime = 59
    case clientIdentifier = 61
  }

  static let cookie: UInt32 = 0x6382_5363
  private static let pad: UInt8 = 0
  private static let end: UInt8 = 255
  private static let optionsPlace = 240

  let kind: Kind
  let transaction: UInt32

  /// Whether the client can hear a broadcast alone.
  let wantsBroadcast: Bool

  /// The address that it has already; `any` when it has none.
  let clientAddress: IPv4Address
  let clientMAC: MACAddress
  private(set) var requestedAddress: IPv4Address?
  private(set) var server: IPv4Address?

  /// As it is to be sent back, see RFC 6842.
  private(set) var clientIdentifier: [UInt8]?

  /// Nil for what is no message of a client's on Ethernet, and for one that came over a relay.
  init?(_ payload: ByteView) {
    guard payload.byte(0) == 1, payload.byte(1) == 1, payload.byte(2) == 6,
      let transaction = payload.uint32(4),
      let flags = payload.uint16(10), let clientAddress = IPv4Address(payload, at: 12),
      payload.uint32(24) == 0, let clientMAC = MACAddress(payload, at: 28),
      payload.uint32(236) == Self.cookie, let options = payload.dropping(Self.optionsPlace)
    else { return nil }
    self.transaction = transaction
    wantsBroadcast = flags & 0x8000 != 0
    self.clientAddress = clientAddress
    self.clientMAC = clientMAC
    var found: [UInt8: ByteView] = [:]
    Self.read(options, into: &found)
    // The fields of a boot file and a server's name may hold options too.
    let overload = found[Option.overload.rawValue]?.byte(0) ?? 0
    if overload & 1 != 0, let file = payload.dropping(108)?.prefix(128) { Self.read(file, into: &found) }
    if overload & 2 != 0, let name = payload.dropping(44)?.prefix(64) { Self.read(name, into: &found) }
    guard let kind = found[Option.kind.rawValue]?.byte(0).flatMap(Kind.init) else { return nil }
    self.kind = kind
    requestedAddress = found[Option.requestedAddress.rawValue].flatMap { IPv4Address($0, at: 0) }
    server = found[Option.server.rawValue].flatMap { IPv4Address($0, at: 0) }
    clientIdentifier = found[Option.clientIdentifier.rawValue]?.copy
  }

  /// The first of each number counts; one that is longer than what is there ends it.
  private static func read(_ options: ByteView, into found: inout [UInt8: ByteView]) {
    var place = 0
    while let number = options.byte(place), number != end {
      guard number != pad else {
        place += 1
        continue
      }
      guard let length = options.byte(place + 1), let value = options.dropping(place + 2)?.prefix(Int(length))
      else { return }
      if found[number] == nil { found[number] = value }
      place += 2 + Int(length)
    }
  }
}

/// A message of a DHCP server's, as it is written.
struct DHCPReply {
  /// Some clients take no shorter one; see RFC 1542, 2.1.
  private static let least = 300

  private var bytes: [UInt8]

  init(_ kind: DHCPMessage.Kind, to message: DHCPMessage, address: IPv4Address, server: IPv4Address) {
    bytes = [2, 1, 6, 0]
    bytes.append(uint32: message.transaction)
    bytes.append(uint16: 0)
    bytes.append(uint16: message.wantsBroadcast ? 0x8000 : 0)
    bytes.append(uint32: kind == .refuse ? 0 : message.clientAddress.value)
    bytes.append(uint32: address.value)
    // No server to boot from, no relay.
    bytes += [UInt8](repeating: 0, count: 8)
    bytes.append(message.clientMAC)
    bytes += [UInt8](repeating: 0, count: 10 + 64 + 128)
    bytes.append(uint32: DHCPMessage.cookie)
    add(.kind, [kind.rawValue])
    add(.server, server)
    if let identifier = message.clientIdentifier { add(.clientIdentifier, identifier) }
  }

  mutating func add(_ option: DHCPMessage.Option, _ value: [UInt8]) {
    bytes += [option.rawValue, UInt8(value.count)] + value
  }

  mutating func add(_ option: DHCPMessage.Option, _ address: IPv4Address) {
    var value: [UInt8] = []
    value.append(uint32: address.value)
    add(option, value)
  }

  mutating func add(_ option: DHCPMessage.Option, seconds: UInt32) {
    var value: [UInt8] = []
    value.append(uint32: seconds)
    add(option, value)
  }

  var written: [UInt8] {
    let whole = bytes + [255]
    return whole + [UInt8](repeating: 0, count: max(0, Self.least - whole.count))
  }
}
