/// Answers for the names of a network: each VM's address, and the name of each address.
///
/// What it is not asked about is no name at all, or the host's resolver's affair. Its answers always fit into one
/// datagram.
struct DNSServer {
  static let port: UInt16 = 53

  /// What is said to a question.
  enum Answer: Equatable {
    case message([UInt8])

    /// It is about a name from elsewhere.
    case elsewhere

    /// It is no question, and an answer to it could be answered in turn.
    case none
  }

  private enum Code: UInt8 {
    case none = 0
    case noSuchName = 3
    case badVersion = 16
  }

  /// How long an answer may be kept; a network's addresses last as long as its switch.
  private static let lifetime: UInt32 = 10

  /// What is told to those who ask how much we take.
  private static let datagramSize: UInt16 = 1232

  private let addresses: [DNSName: IPv4Address]
  private let names: [IPv4Address: DNSName]

  /// The domain and those it lies in: they have no records, and are there.
  private let domains: Set<DNSName>
  private let domain: DNSName
  private let subnet: IPv4Subnet
  private let forwards: Bool

  init(_ network: NetworkDefinition) {
    var addresses: [DNSName: IPv4Address] = [:]
    var names: [IPv4Address: DNSName] = [:]
    let labels = network.domain.split(separator: ".")
    for port in network.ports {
      guard let address = port.address else { continue }
      // db, db.backend, db.backend.shop
      for count in 0...labels.count {
        addresses[DNSName(([Substring(port.name)] + labels.prefix(count)).joined(separator: "."))] = address
      }
      names[address] = DNSName("\(port.name).\(network.domain)")
    }
    self.addresses = addresses
    self.names = names
    domain = DNSName(network.domain)
    domains = Set(sequence(first: domain, next: \.parent))
    subnet = network.subnet
    forwards = network.forwardsDNS
  }

  func answer(_ message: ByteView) -> Answer {
    guard message.count >= DNSQuery.headerLength, let flags = message.byte(2), flags & 0x80 == 0 else {
      return .none
    }
    let query: DNSQuery
    do throws(DNSQuery.Refusal) {
      query = try DNSQuery(message)
    } catch {
      return .message(Self.header(message, code: error.rawValue, counts: [0, 0, 0, 0]))
    }
    if let version = query.extendedVersion, version > 0 { return reply(to: query, message, .badVersion) }
    if let address = addresses[query.name] {
      let isAsked = query.type == DNSQuery.Kind.a.rawValue || query.type == DNSQuery.Kind.any.rawValue
      var data: [UInt8] = []
      data.append(uint32: address.value)
      return reply(to: query, message, .none, isAsked ? (.a, data) : nil)
    }
    if let address = query.name.reversedAddress, subnet.contains(address) {
      guard let name = names[address] else { return reply(to: query, message, .noSuchName) }
      let isAsked = query.type == DNSQuery.Kind.ptr.rawValue || query.type == DNSQuery.Kind.any.rawValue
      return reply(to: query, message, .none, isAsked ? (.ptr, name.bytes) : nil)
    }
    if domains.contains(query.name) && query.name.labelCount > 0 { return reply(to: query, message, .none) }
    return forwards && !isOurs(query.name) ? .elsewhere : reply(to: query, message, .noSuchName)
  }

  /// Whether nobody else can know a name: one without a dot, and what lies in our domain.
  private func isOurs(_ name: DNSName) -> Bool {
    name.labelCount == 1 || sequence(first: name, next: \.parent).contains(domain)
  }

  private func reply(
    to query: DNSQuery, _ message: ByteView, _ code: Code, _ record: (DNSQuery.Kind, [UInt8])? = nil
  ) -> Answer {
    let isExtended = query.extendedVersion != nil
    var reply = Self.header(
      message, code: code.rawValue & 15, counts: [1, record == nil ? 0 : 1, 0, isExtended ? 1 : 0])
    reply += query.question
    if let (type, data) = record {
      // The name is the question's, which stands behind the header.
      reply.append(uint16: 0xc000 | UInt16(DNSQuery.headerLength))
      reply.append(uint16: type.rawValue)
      reply.append(uint16: DNSQuery.internetClass)
      reply.append(uint32: Self.lifetime)
      reply.append(uint16: UInt16(data.count))
      reply += data
    }
    if isExtended {
      reply.append(0)
      reply.append(uint16: DNSQuery.Kind.opt.rawValue)
      reply.append(uint16: Self.datagramSize)
      reply += [code.rawValue >> 4, 0, 0, 0, 0, 0]
    }
    return .message(reply)
  }

  /// An authority's answer, which says that it would ask others too: musl and glibc pass on from one that does not.
  private static func header(_ message: ByteView, code: UInt8, counts: [UInt16]) -> [UInt8] {
    var header = message.prefix(2)?.copy ?? [0, 0]
    let asked = message.byte(2) ?? 0
    header += [0x84 | asked & 0x79, 0x80 | code]
    for count in counts { header.append(uint16: count) }
    return header
  }
}
