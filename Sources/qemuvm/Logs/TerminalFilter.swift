/// Takes from a guest's console what would change the terminal that a log of it is shown on; colours stay.
///
/// SeaBIOS, for one, clears the screen and switches the wrapping of long lines off (ECMA-48, XTerm's sequences). It
/// remembers where a sequence was cut, for a log comes in pieces.
struct TerminalFilter {
  private enum Place {
    case text
    /// Behind ESC.
    case escape
    /// Behind ESC and intermediate bytes, such as those that choose a character set.
    case intermediate
    /// In `ESC [ …`, with what it has so far.
    case control([UInt8])
    /// In `ESC ] …` and its like, up to BEL or ESC `\`.
    case string
    /// Behind an ESC in such a string.
    case stringEscape
  }

  private var place = Place.text

  /// A sequence of colours is no longer than that.
  private static let longest = 64

  /// What of the next bytes may be shown.
  mutating func filter(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var shown: [UInt8] = []
    for byte in bytes { take(byte, &shown) }
    return shown
  }

  private mutating func take(_ byte: UInt8, _ shown: inout [UInt8]) {
    let escape: UInt8 = 0x1B
    switch place {
    case .text:
      switch byte {
      case escape: place = .escape
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"), 0x08, 0x20..., 0x80...:
        shown.append(byte)
      // Bells, and shifts to other character sets.
      default: break
      }
    case .escape:
      switch byte {
      case UInt8(ascii: "["): place = .control([])
      case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"):
        place = .string
      case 0x20...0x2F: place = .intermediate
      case escape: break
      default: place = .text
      }
    case .intermediate:
      if !(0x20...0x2F).contains(byte) { place = byte == escape ? .escape : .text }
    case .control(let sequence):
      switch byte {
      case escape: place = .escape
      case 0x20...0x3F where sequence.count < Self.longest: place = .control(sequence + [byte])
      case 0x40...0x7E:
        // Colours and other attributes; those with a private mark are none.
        let isColour = byte == UInt8(ascii: "m") && sequence.allSatisfy { (0x30...0x3B).contains($0) }
        if isColour { shown += [escape, UInt8(ascii: "[")] + sequence + [byte] }
        place = .text
      default: place = .text
      }
    case .string:
      if byte == 0x07 { place = .text } else if byte == escape { place = .stringEscape }
    case .stringEscape:
      place = byte == UInt8(ascii: "\\") ? .text : .string
    }
  }
}
