package import JSON

/// The version a QMP server gives in its greeting and as the reply to `query-version`.
package struct QMPVersion: Sendable, Hashable {
  package var major: Int
  package var minor: Int
  package var micro: Int

  /// The builder's words, such as `Debian 1:7.2+dfsg-7+deb12u18`; often empty.
  package var package: String

  package init(_ major: Int, _ minor: Int, _ micro: Int, package: String = "") {
    self.major = major
    self.minor = minor
    self.micro = micro
    self.package = package
  }
}

extension QMPVersion: Comparable {
  /// Orders by the three numbers; the builder's words count for nothing.
  package static func < (left: QMPVersion, right: QMPVersion) -> Bool {
    (left.major, left.minor, left.micro) < (right.major, right.minor, right.micro)
  }
}

extension QMPVersion: CustomStringConvertible {
  package var description: String { "\(major).\(minor).\(micro)" }
}

extension QMPVersion: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    let qemu: JSONObject = try members.required("qemu")
    do throws(JSONTypeError) {
      self.init(
        try qemu.required("major"), try qemu.required("minor"), try qemu.required("micro"),
        package: try members.optional("package") ?? "")
    } catch {
      throw error.inside("qemu")
    }
  }

  package var json: JSONValue {
    [
      "qemu": ["major": JSONValue(major), "minor": JSONValue(minor), "micro": JSONValue(micro)],
      "package": JSONValue(package),
    ]
  }
}
