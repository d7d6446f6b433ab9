/// Another host whose supervisor a command talks to, through ssh(1): `ssh://[USER@]HOST[:PORT]`.
struct FarHost: Sendable, Equatable, CustomStringConvertible {
  let user: String?

  /// A name that ssh knows, also one of its own configuration.
  let name: String
  let port: Int?

  init(user: String? = nil, name: String, port: Int? = nil) {
    self.user = user
    self.name = name
    self.port = port
  }

  init(_ text: String) throws(InvalidValue) {
    guard text.hasPrefix(Self.scheme) else {
      throw InvalidValue(reason: "does not begin with \(Self.scheme)")
    }
    var rest = text.dropFirst(Self.scheme.count)
    if rest.last == "/" { rest = rest.dropLast() }
    guard !rest.contains("/") else { throw InvalidValue(reason: "has a path, and names a host alone") }
    var user: String?
    if let at = rest.lastIndex(of: "@") {
      user = String(rest[..<at])
      rest = rest[rest.index(after: at)...]
    }
    var port: Int?
    if let colon = rest.lastIndex(of: ":"), !rest.hasSuffix("]") {
      guard rest[..<colon].hasSuffix("]") || !rest[..<colon].contains(":") else {
        throw InvalidValue(reason: "has an IPv6 address without [ ] around it")
      }
      guard let number = Int(rest[rest.index(after: colon)...]), (1...65_535).contains(number) else {
        throw InvalidValue(reason: "has no port between 1 and 65535 behind its colon")
      }
      port = number
      rest = rest[..<colon]
    }
    if rest.hasPrefix("["), rest.hasSuffix("]") { rest = rest.dropFirst().dropLast() }
    // What begins with a dash would be an option of ssh's.
    guard !rest.isEmpty, !rest.hasPrefix("-"), user?.isEmpty != true, user?.hasPrefix("-") != true,
      !text.contains(where: \.isWhitespace)
    else { throw InvalidValue(reason: "names no host") }
    self.init(user: user, name: String(rest), port: port)
  }

  private static let scheme = "ssh://"

  var description: String {
    let host = name.contains(":") ? "[\(name)]" : name
    return Self.scheme + (user.map { "\($0)@" } ?? "") + host + (port.map { ":\($0)" } ?? "")
  }

  /// What leads there behind `ssh`, for a person to try.
  var login: String { (user.map { "-l \($0) " } ?? "") + (port.map { "-p \($0) " } ?? "") + name }

  /// ssh's arguments for running a command there, given as words.
  func arguments(running words: [String], onTerminal: Bool) -> [String] {
    // A host that has gone is noticed; every key goes through.
    var arguments = ["-o", "ServerAliveInterval=15", "-e", "none", onTerminal ? "-t" : "-T"]
    if let user { arguments += ["-l", user] }
    if let port { arguments += ["-p", "\(port)"] }
    return arguments + ["--", name, words.map(Self.quoted).joined(separator: " ")]
  }

  /// A word as the shell over there reads it.
  private static func quoted(_ word: String) -> String {
    let isPlain = word.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "-_./:=+,".utf8.contains(byte)
      }
    }
    if isPlain, !word.isEmpty { return word }
    return "'" + word.replacing("'", with: "'\\''") + "'"
  }
}

extension ValueParser<FarHost> {
  static var farHost: ValueParser {
    ValueParser { text throws(InvalidValue) in try FarHost(text) }
  }
}
