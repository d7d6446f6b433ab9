internal import Control
internal import JSON
internal import Machine

/// What the image store has written down of a name: which content it means.
struct StoredImage: Sendable, Equatable {
  let name: String
  let sha256: String
  let format: DiskSetting.Format
  let size: Int64

  /// RFC 3339.
  let addedAt: String
}

extension StoredImage {
  var json: JSONObject {
    [
      "sha256": .string(sha256), "format": .string(format.rawValue), "sizeBytes": JSONValue(size),
      "addedAt": .string(addedAt),
    ]
  }

  init(name: String, json: JSONValue) throws(JSONTypeError) {
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
  }
}
