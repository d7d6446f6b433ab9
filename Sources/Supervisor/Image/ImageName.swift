internal import Machine

/// What an image of the store may be called: it is a file's name, and stands in commands and definitions.
enum ImageName {
  static let longest = 100

  /// Why a text cannot be a name; nil for one that can.
  static func fault(in text: String) -> String? {
    let isFine = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"),
        UInt8(ascii: "+"):
        true
      default: false
      }
    }
    guard let first = text.first else { return "it is empty" }
    if text.utf8.count > longest { return "it is longer than \(longest) characters" }
    if !isFine { return "only letters, digits, '.', '_', '-' and '+' may stand in it" }
    if !first.isLetter, !first.isNumber { return "it begins with neither a letter nor a digit" }
    return nil
  }

  /// The name that a file gives its image: its own, without the ending that tells the format.
  static func customary(for file: String) -> String {
    let name = file.split(separator: "/").last.map(String.init) ?? ""
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
    let endings: Set = ["qcow2", "raw", "img", "iso", "vmdk", "vdi", "vhdx", "vpc", "vhd"]
    return endings.contains(name[name.index(after: dot)...].lowercased()) ? String(name[..<dot]) : name
  }
}
