package import JSON

/// An image of the store as everyone may know it.
package struct ImageReport: Sendable, Equatable {
  package let name: String

  /// The checksum by which its content is kept, in hexadecimal digits.
  package let sha256: String

  /// As `qemu-img -f` takes it: `qcow2`, `raw`.
  package let format: String
  package let sizeBytes: Int64

  /// When it was added, RFC 3339.
  package let addedAt: String

  /// The file with its content; it is never written to.
  package let file: String

  /// Where it was downloaded from, without what lets somebody in; nil for one that was added.
  package var url: String?

  package init(
    name: String, sha256: String, format: String, sizeBytes: Int64, addedAt: String, file: String
  ) {
    self.name = name
    self.sha256 = sha256
    self.format = format
    self.sizeBytes = sizeBytes
    self.addedAt = addedAt
    self.file = file
  }
}

// MARK: On the wire

extension ImageReport: JSONDecodable {
  package var json: JSONObject {
    [
      "name": .string(name), "sha256": .string(sha256), "format": .string(format),
      "sizeBytes": JSONValue(sizeBytes), "addedAt": .string(addedAt), "file": .string(file),
      "url": url.map { .string($0) } ?? .null,
    ]
  }

  package init(json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    self.init(
      name: try members.required("name"), sha256: try members.required("sha256"),
      format: try members.required("format"), sizeBytes: try members.required("sizeBytes"),
      addedAt: try members.required("addedAt"), file: try members.required("file"))
    url = try members.optional("url")
  }
}
