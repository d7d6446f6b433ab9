/// What a VM is called: its own name, and the lab it belongs to.
package struct VMName: Sendable, Hashable {
  package let name: String
  /// Nil outside labs.
  package let lab: String?

  package init(_ name: String, lab: String? = nil) throws(NameError) {
    try NameError.check(name)
    if let lab { try NameError.check(lab) }
    self.name = name
    self.lab = lab
  }

  /// Reads what `id` gives: `web` or `web@shop`.
  package init(id: String) throws(NameError) {
    let parts = id.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    try self.init(parts[0], lab: parts.count > 1 ? parts[1] : nil)
  }

  /// Reads what people write and `description` gives: `web` or `shop/web`.
  package init(parsing text: String) throws(NameError) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    try self.init(parts[parts.count - 1], lab: parts.count > 1 ? parts[0] : nil)
  }

  /// The name of the VM's folder, which no other VM has.
  package var id: String { lab.map { "\(name)@\($0)" } ?? name }
}

extension VMName: CustomStringConvertible {
  package var description: String { lab.map { "\($0)/\(name)" } ?? name }
}

extension VMName: Comparable {
  /// Orders labs together, VMs outside labs first.
  package static func < (left: VMName, right: VMName) -> Bool {
    (left.lab ?? "", left.name) < (right.lab ?? "", right.name)
  }
}

/// Why a text cannot name a VM, a lab or a profile.
///
/// Names become names of folders and parts of socket paths, and stand bare in shells: 1 to 63 of the letters,
/// digits, `.`, `_` and `-` of ASCII, the first a letter or digit.
package enum NameError: Error, Sendable, Equatable {
  case empty
  case tooLong(count: Int)
  case badStart(Character)
  case badCharacter(Character)

  static let longest = 63

  static func check(_ name: String) throws(NameError) {
    guard let first = name.first else { throw .empty }
    guard name.utf8.count <= longest else { throw .tooLong(count: name.utf8.count) }
    if let bad = name.first(where: { !$0.isASCIILetterOrDigit && !"._-".contains($0) }) {
      throw .badCharacter(bad)
    }
    guard first.isASCIILetterOrDigit else { throw .badStart(first) }
  }
}

extension NameError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .empty: "a name cannot be empty"
    case .tooLong(let count): "a name has at most \(Self.longest) characters, not \(count)"
    case .badStart(let start): "a name begins with a letter or digit, not with '\(start)'"
    case .badCharacter(let character):
      "a name may have only ASCII letters, digits, '.', '_' and '-', not "
        + (character.isWhitespace ? "white space" : "'\(character)'")
    }
  }
}

extension Character {
  var isASCIILetterOrDigit: Bool { isASCII && (isLetter || isNumber) }
}
