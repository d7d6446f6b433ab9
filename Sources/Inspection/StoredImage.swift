internal import Control
package import Host
package import JSON
package import Machine

/// What the image store has written down of a name: which content it means.
package struct StoredImage: Sendable, Equatable {
  package let name: String
  package let sha256: String
  package let format: DiskSetting.Format
  package let size: Int64

  /// RFC 3339.
  package let addedAt: String

  /// Where it was downloaded from, and by which checksums it was taken.
  package var sources: [RemoteImage] = []

  package init(name: String, sha256: String, format: DiskSetting.Format, size: Int64, addedAt: String) {
    self.name = name
    self.sha256 = sha256
    self.format = format
    self.size = size
    self.addedAt = addedAt
  }
}

/// The names and contents of an image store, to be read.
///
/// It blocks.
package struct StoredImages: Sendable {
  private static let suffix = ".json"

  package let folder: String

  package init(folder: String) {
    self.folder = folder
  }

  /// The store of a state folder.
  package static func of(state: String) -> StoredImages { StoredImages(folder: state + "/images") }

  package var contents: String { folder + "/content" }
  package var records: String { folder + "/names" }

  /// The file of a content.
  package func content(_ sha256: String) -> String { contents + "/" + sha256 }

  /// What is written down of a name.
  package func record(of name: String) -> String { "\(records)/\(name)\(Self.suffix)" }

  /// Every name that has a record, sorted.
  package func names() throws(SystemError) -> [String] {
    guard FileSystem.isPresent(records) else { return [] }
    return try FileSystem.names(in: records).filter { $0.hasSuffix(Self.suffix) }
      .map { String($0.dropLast(Self.suffix.count)) }
  }

  /// The image of a name; nil when there is none.
  package func image(_ name: String) throws -> StoredImage? {
    guard let bytes = try FileSystem.readIfPresent(record(of: name)) else { return nil }
    return try StoredImage(name: name, json: try JSONValue(parsing: bytes))
  }

  /// The images that were downloaded as one of these, the oldest first: the youngest counts.
  private func downloads(of remote: [RemoteImage]) -> [StoredImage] {
    // What cannot be read is none: 'image ls' says so.
    let images = ((try? names()) ?? []).compactMap { try? image($0) }
    return images.filter { image in image.sources.contains(where: remote.contains) }
      .sorted { ($0.addedAt, $0.name) < ($1.addedAt, $1.name) }
  }

  /// What it has of the names and downloads that a definition asks it for.
  func facts(of names: [String], _ remote: [RemoteImage]) -> StoreFacts {
    var facts = StoreFacts()
    for image in remote.isEmpty ? [] : downloads(of: remote) {
      for source in image.sources {
        facts.remote[source] = StoreFacts.Entry(path: content(image.sha256), format: image.format)
      }
    }
    for name in names {
      // One that cannot be read is none: 'image ls' says so.
      if let image = try? image(name) {
        facts.entries[name] = StoreFacts.Entry(path: content(image.sha256), format: image.format)
      }
    }
    // For the nearest one only.
    if facts.entries.count < Set(names).count { facts.names = (try? self.names()) ?? [] }
    return facts
  }
}

extension StoredImage {
  package var json: JSONObject {
    var json: JSONObject = [
      "sha256": .string(sha256), "format": .string(format.rawValue), "sizeBytes": JSONValue(size),
      "addedAt": .string(addedAt),
    ]
    if !sources.isEmpty { json["sources"] = .array(sources.map { .object($0.json) }) }
    return json
  }

  package init(name: String, json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    self.name = name
    let sha256: String = try members.required("sha256")
    // It is a file's name.
    guard sha256.utf8.count == 64, sha256.allSatisfy(\.isHexDigit) else {
      throw JSONTypeError(path: ["sha256"], expected: "a checksum", found: .string(sha256))
    }
    self.sha256 = sha256
    let format: String = try members.required("format")
    guard let known = DiskSetting.Format(rawValue: format) else {
      throw JSONTypeError(path: ["format"], expected: "an image's format", found: .string(format))
    }
    self.format = known
    size = try members.required("sizeBytes")
    addedAt = try members.required("addedAt")
    let sources: [JSONValue] = try members.optional("sources") ?? []
    // One of a later version is none: what it is asked for is downloaded once more.
    self.sources = sources.compactMap { try? RemoteImage(json: $0) }
  }
}
