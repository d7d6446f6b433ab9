/// A question to a name server; see RFC 1035.
struct DNSQuery {
  /// The types that are told apart.
  enum Kind: UInt16 {
    case a = 1
    case ptr = 12
    case opt = 41
    case any = 255
  }

  static let internetClass: UInt16 = 1
  static let headerLength = 12

  /// More records behind a question than anybody sends.
  private static let mostRecords = 8

  /// Why a message gets an error for an answer.
  enum Refusal: UInt8, Error {
    case malformed = 1
    case notImplemented = 4
    case refused = 5
  }

  let name: DNSName
  let type: UInt16

  /// The question as it was written, capitals included: some resolvers compare them.
  let question: [UInt8]

  /// Whether it has a record of RFC 6891, and of which version.
  private(set) var extendedVersion: UInt8?

  init(_ message: ByteView) throws(Refusal) {
    guard let flags = message.uint16(2), let questions = message.uint16(4), let answers = message.uint16(6),
      let authorities = message.uint16(8), let additions = message.uint16(10)
    else { throw .malformed }
    guard flags & 0x7800 == 0 else { throw .notImplemented }
    guard questions == 1, answers == 0, authorities == 0, additions <= Self.mostRecords,
      let name = DNSName(message, at: Self.headerLength)
    else { throw .malformed }
    var place = Self.headerLength + name.bytes.count
    guard let type = message.uint16(place), let kind = message.uint16(place + 2) else { throw .malformed }
    guard kind == Self.internetClass else { throw .refused }
    place += 4
    self.name = name
    self.type = type
    question = message.prefix(place)?.dropping(Self.headerLength)?.copy ?? []
    for _ in 0..<additions { place = try readRecord(message, at: place) }
  }

  /// Only the one of RFC 6891 says anything here; gives the place behind it.
  private mutating func readRecord(_ message: ByteView, at start: Int) throws(Refusal) -> Int {
    guard let end = Self.endOfName(message, at: start), let type = message.uint16(end),
      let flags = message.uint32(end + 4), let length = message.uint16(end + 8),
      message.dropping(end + 10 + Int(length)) != nil
    else { throw .malformed }
    if type == Kind.opt.rawValue {
      guard end == start + 1, extendedVersion == nil else { throw .malformed }
      extendedVersion = UInt8(flags >> 16 & 0xff)
    }
    return end + 10 + Int(length)
  }

  /// A name is passed over without following it anywhere: each step goes forward.
  private static func endOfName(_ message: ByteView, at start: Int) -> Int? {
    var place = start
    while let length = message.byte(place) {
      if length == 0 { return place + 1 }
      if length & 0xc0 == 0xc0 { return message.byte(place + 1) == nil ? nil : place + 2 }
      guard length < 64, place - start < DNSName.longest else { return nil }
      place += 1 + Int(length)
    }
    return nil
  }
}
