package import Machine

/// A file of a publisher's with the checksums of several files; pure.
///
/// Each line is one of three forms, and every other line is passed over: `HASH  NAME` and `HASH *NAME` as sha256sum(1)
/// writes them, `SHA256 (NAME) = HASH` as `sha256sum --tag` and BSD do. A file that is a checksum and nothing else is
/// that of the one file it lies beside.
package struct ChecksumList: Sendable {
  private let text: String

  package init(_ bytes: [UInt8]) {
    text = String(decoding: bytes, as: UTF8.self)
  }

  /// Why it has no checksum for a file.
  package enum Fault: Error, Equatable {
    case absent

    /// It has one, of a kind that anybody can make another file for.
    case weak

    /// It has two that differ.
    case ambiguous
  }

  /// The strongest that it has of a file.
  package func checksum(of name: String) throws(Fault) -> RemoteImage.Checksum {
    let lines = text.split(whereSeparator: \.isNewline).map(Self.trimmed).filter { !$0.isEmpty }
    var found = lines.compactMap(Self.entry).filter { $0.name == name }.map(\.hash)
    if found.isEmpty, lines.count == 1, Self.isHash(lines[0]) { found = [lines[0]] }
    for length in [128, 64] {
      let hashes = Set(found.filter { $0.utf8.count == length }.map { $0.lowercased() })
      if hashes.count > 1 { throw .ambiguous }
      if let hash = hashes.first { return length == 128 ? .sha512(hash) : .sha256(hash) }
    }
    throw found.isEmpty ? .absent : .weak
  }

  private static func entry(_ line: String) -> (name: String, hash: String)? { plain(line) ?? tagged(line) }

  private static func plain(_ line: String) -> (name: String, hash: String)? {
    let hash = line.prefix { !$0.isWhitespace }
    guard hash.count < line.count, isHash(String(hash)) else { return nil }
    var name = line[hash.endIndex...].drop { $0.isWhitespace }
    if name.first == "*" { name = name.dropFirst() }
    return (bare(name), String(hash))
  }

  private static func tagged(_ line: String) -> (name: String, hash: String)? {
    guard let open = line.firstIndex(of: "("), let close = line.lastIndex(of: ")"), open < close else {
      return nil
    }
    let kind = trimmed(line[..<open])
    guard ["SHA256", "SHA512", "SHA2-256", "SHA2-512"].contains(kind) else { return nil }
    let rest = trimmed(line[line.index(after: close)...])
    guard rest.first == "=" else { return nil }
    let hash = trimmed(rest.dropFirst())
    guard hash.utf8.count == (kind.hasSuffix("256") ? 64 : 128), isHash(hash) else { return nil }
    return (bare(line[line.index(after: open)..<close]), hash)
  }

  /// A name in the list's own folder.
  private static func bare(_ name: Substring) -> String {
    String(name.hasPrefix("./") ? name.dropFirst(2) : name)
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    let characters = text.drop { $0.isWhitespace }
    let end = characters.lastIndex { !$0.isWhitespace }
    return end.map { String(characters[...$0]) } ?? ""
  }

  private static func isHash(_ text: String) -> Bool {
    [32, 40, 56, 64, 96, 128].contains(text.utf8.count)
      && text.utf8.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
  }
}
