package import JSON

/// An image that is downloaded, and what tells that it is the right one.
package struct RemoteImage: Sendable, Hashable {
  /// What it is compared with before it is taken.
  package enum Checksum: Sendable, Hashable {
    /// In hexadecimal digits, small ones.
    case sha256(String)
    case sha512(String)

    /// A file of the publisher's with the checksums of several; its address.
    case list(String)
  }

  package let url: String
  package let checksum: Checksum

  /// The keys of a definition that say what the checksum is.
  package static let checksumKeys = ["sha256", "sha512", "checksums"]

  /// Throws the key that is wrong, and why.
  package init(url: String, checksum: Checksum) throws(Fault) {
    let isSecure = try Self.check(url, "url")
    switch checksum {
    case .sha256(let digits):
      self.checksum = .sha256(try Self.digits(digits, 64, "sha256"))
    case .sha512(let digits):
      self.checksum = .sha512(try Self.digits(digits, 128, "sha512"))
    case .list(let list):
      guard try Self.check(list, "checksums") else {
        throw Fault(
          "checksums", "whoever can change what comes over http changes both; an https address is needed")
      }
      guard isSecure else {
        throw Fault(
          "url", "over http an image is taken only with 'sha256' or 'sha512' written here, or use https")
      }
      self.checksum = checksum
    }
    self.url = url
  }

  /// What is wrong with an image that is to be downloaded, and with which key.
  package struct Fault: Error, Equatable {
    package let key: String
    package let why: String

    fileprivate init(_ key: String, _ why: String) { (self.key, self.why) = (key, why) }
  }

  /// Whether only https, or http as well, is allowed on the way to it.
  package var allowsHTTP: Bool { if case .list = checksum { false } else { !url.hasPrefix("https:") } }

  /// The address as it may be shown: without what lets somebody in.
  package var shown: String { Self.shown(url) }

  package static func shown(_ url: String) -> String {
    let bare = url.prefix { $0 != "?" && $0 != "#" }
    guard let start = bare.firstRange(of: "://")?.upperBound else { return String(bare) }
    let host = bare[start...].prefix { $0 != "/" }
    guard let at = host.lastIndex(of: "@") else { return String(bare) }
    return String(bare[..<start]) + String(bare[bare.index(after: at)...])
  }

  /// A name for it that says nothing of it, for files.
  package var id: String {
    var hash = FNV1a<UInt128>()
    hash.add(url)
    switch checksum {
    case .sha256(let digits): hash.add("sha256 " + digits)
    case .sha512(let digits): hash.add("sha512 " + digits)
    case .list(let list): hash.add("checksums " + list)
    }
    return hash.text
  }

  /// The last part of its path: the name of the file that is downloaded, and that its publisher's list has.
  package var fileName: String { Self.fileName(url) }

  private static func fileName(_ url: String) -> String {
    String(shown(url).split(separator: "/").last ?? "")
  }

  /// The program that unpacks it, by its name; nil where it comes as it is.
  package var packing: Packing? { Packing.allCases.first { fileName.hasSuffix($0.suffix) } }

  /// The file's name once it is unpacked.
  package var imageName: String {
    packing.map { String(fileName.dropLast($0.suffix.count)) } ?? fileName
  }

  /// How an image may be packed.
  package enum Packing: String, Sendable, CaseIterable {
    case xz
    case gzip
    case zstd
    case bzip2

    fileprivate var suffix: String {
      switch self {
      case .xz: ".xz"
      case .gzip: ".gz"
      case .zstd: ".zst"
      case .bzip2: ".bz2"
      }
    }
  }

  private static func digits(_ text: String, _ count: Int, _ key: String) throws(Fault) -> String {
    guard text.utf8.count == count, text.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else {
      throw Fault(key, "'\(text.clipped)' is no such checksum: it has \(count) hexadecimal digits")
    }
    return text.lowercased()
  }

  /// An address that is one for curl and nothing else: no option, no second line, no other protocol; whether it is https.
  private static func check(_ url: String, _ key: String) throws(Fault) -> Bool {
    let isSecure = url.hasPrefix("https://")
    guard isSecure || url.hasPrefix("http://") else {
      throw Fault(key, "'\(shown(url).clipped)' is no address that begins with https:// (or http://)")
    }
    let isPlain = url.utf8.allSatisfy {
      $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
    }
    guard isPlain, url.utf8.count <= 2000 else {
      throw Fault(
        key,
        "'\(shown(url).clipped)' is no address: other characters than printable ASCII are written as %XX, and it has 2000 "
          + "at most")
    }
    let place = shown(url).dropFirst(isSecure ? 8 : 7)
    let host = place.prefix { $0 != "/" }
    guard !host.isEmpty, host.count < place.count, place.last != "/" else {
      throw Fault(key, "'\(shown(url).clipped)' names no file of a host")
    }
    return isSecure
  }
}

extension RemoteImage {
  /// As a definition has it.
  package var json: JSONObject {
    var json: JSONObject = ["url": .string(url)]
    switch checksum {
    case .sha256(let digits): json["sha256"] = .string(digits)
    case .sha512(let digits): json["sha512"] = .string(digits)
    case .list(let list): json["checksums"] = .string(list)
    }
    return json
  }

  /// As it was written down before.
  package init(json: JSONValue) throws {
    let members = try JSONObject(json: json)
    let url: String = try members.required("url")
    let sums: [Checksum] = try [
      members.optional("sha256").map(Checksum.sha256), members.optional("sha512").map(Checksum.sha512),
      members.optional("checksums").map(Checksum.list),
    ].compactMap(\.self)
    guard sums.count == 1 else {
      throw Fault("url", "one of \(Self.checksumKeys.joined(separator: ", ")) is needed")
    }
    try self.init(url: url, checksum: sums[0])
  }

  /// From a definition; nil, with the problem reported, where it is none.
  static func read(_ node: DefinitionNode) -> RemoteImage? {
    guard var reader = ObjectReader(node) else { return nil }
    let url = reader.read("url") { $0.nonEmptyText(expected: "the image's address") }
    let sha256 = reader.read("sha256") { $0.text(expected: "a checksum") }.map(Checksum.sha256)
    let sha512 = reader.read("sha512") { $0.text(expected: "a checksum") }.map(Checksum.sha512)
    let list = reader.read("checksums") { $0.nonEmptyText(expected: "the address of a file with checksums") }
      .map(Checksum.list)
    reader.finish()
    let given = checksumKeys.filter(reader.has)
    if !reader.has("url") { reader.missing("url", "the image's address") }
    if given.isEmpty {
      reader.missing(
        "sha256", "the image's checksum, as 'sha256', 'sha512', or its publisher's file in 'checksums',")
    } else if given.count > 1 {
      reader.report(given[1], "'\(given[0])' is written as well; write only one")
    }
    guard given.count == 1, let url, let checksum = sha256 ?? sha512 ?? list else { return nil }
    do throws(Fault) {
      return try RemoteImage(url: url, checksum: checksum)
    } catch {
      reader.report(error.key, error.why)
      return nil
    }
  }
}
