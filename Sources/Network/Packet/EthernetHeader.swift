/// The beginning of an Ethernet frame; see IEEE 802.3 and, for tags, 802.1Q.
package struct EthernetHeader {
  /// What a frame carries.
  package enum Kind: UInt16 {
    case ipv4 = 0x0800
    case arp = 0x0806
    case ipv6 = 0x86dd
  }

  package static let length = 14

  /// Of this many tags one behind another none can be told what it carries.
  private static let mostTags = 2
  private static let tags: [UInt16] = [0x8100, 0x88a8]

  package let destination: MACAddress
  package let source: MACAddress

  /// What stands behind all tags, or the length of a frame of the old kind.
  package let type: UInt16
  package let isTagged: Bool
  package let payload: ByteView

  /// Nil for what is no frame: too short, or with more tags than there are.
  package init?(_ frame: ByteView) {
    guard let destination = MACAddress(frame, at: 0), let source = MACAddress(frame, at: 6) else {
      return nil
    }
    var place = 12
    for _ in 0...Self.mostTags {
      guard let type = frame.uint16(place) else { return nil }
      // A card takes a tag with the number 0 for none: what is behind it is as good as what has no tag.
      guard type == Self.tags[0] || type == Self.tags[1] else {
        guard let payload = frame.dropping(place + 2) else { return nil }
        self.destination = destination
        self.source = source
        self.type = type
        isTagged = place > 12
        self.payload = payload
        return
      }
      place += 4
    }
    return nil
  }

  var kind: Kind? { Kind(rawValue: type) }
}
