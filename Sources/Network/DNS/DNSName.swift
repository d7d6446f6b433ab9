/// A name as DNS messages have it: labels with their lengths, in small letters, the last one empty.
struct DNSName: Hashable, Sendable {
  static let longest = 255

  let bytes: [UInt8]

  /// From text with dots, which must consist of labels.
  init(_ text: String) {
    var bytes: [UInt8] = []
    for label in text.split(separator: ".") {
      bytes.append(UInt8(truncatingIfNeeded: label.utf8.count))
      bytes += label.utf8.map(Self.small)
    }
    self.bytes = bytes + [0]
  }

  /// From a question; nil where a length leads out of it, or to another place: a question has nothing to point at.
  init?(_ message: ByteView, at start: Int) {
    var bytes: [UInt8] = []
    var place = start
    while let length = message.byte(place), length > 0 {
      guard length < 64, let label = message.dropping(place + 1)?.prefix(Int(length)) else { return nil }
      bytes.append(length)
      bytes += label.copy.map(Self.small)
      guard bytes.count < Self.longest else { return nil }
      place += 1 + Int(length)
    }
    guard message.byte(place) == 0 else { return nil }
    self.bytes = bytes + [0]
  }

  private init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// How many labels it has.
  var labelCount: Int { labels.count }

  /// The name without its first label; nil of the root.
  var parent: DNSName? {
    guard let length = bytes.first, length > 0 else { return nil }
    return DNSName(bytes: Array(bytes[(Int(length) + 1)...]))
  }

  /// The address of a name like `2.0.9.10.in-addr.arpa`; nil for any other.
  var reversedAddress: IPv4Address? {
    let labels = labels
    guard labels.count == 6, labels[4].elementsEqual("in-addr".utf8), labels[5].elementsEqual("arpa".utf8)
    else {
      return nil
    }
    return IPv4Address(
      labels[..<4].reversed().map { String(decoding: $0, as: UTF8.self) }.joined(separator: "."))
  }

  private var labels: [ArraySlice<UInt8>] {
    var labels: [ArraySlice<UInt8>] = []
    var place = 0
    while place < bytes.count, bytes[place] > 0 {
      let end = place + 1 + Int(bytes[place])
      labels.append(bytes[(place + 1)..<end])
      place = end
    }
    return labels
  }

  private static func small(_ byte: UInt8) -> UInt8 { (0x41...0x5a).contains(byte) ? byte | 0x20 : byte }
}
