package import JSON

/// A VM's name as replies, events and errors have it: bare, and beside it the lab that it belongs to.
package struct FullName: Sendable, Hashable {
  package let name: String

  /// Nil outside labs.
  package let lab: String?

  package init(_ name: String, lab: String? = nil) {
    self.name = name
    self.lab = lab
  }

  /// As a person writes it: `web` or `shop/web`.
  package init(written text: String) {
    let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
    self.init(parts.last ?? text, lab: parts.count > 1 ? parts[0] : nil)
  }

  /// From the members `name` and `lab`.
  package init(_ members: JSONObject) throws(JSONTypeError) {
    self.init(try members.required("name"), lab: try members.optional("lab"))
    // What a VM cannot be called could be taken for another's name, or for a path.
    guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")) else {
      throw JSONTypeError(path: ["name"], expected: "a VM's name", found: .string(name))
    }
  }

  /// The members `name` and `lab`, which stand beside the others of the object.
  package var members: JSONObject { ["name": .string(name), "lab": lab.map { .string($0) } ?? .null] }
}

extension FullName: CustomStringConvertible {
  /// As a person reads and writes it: `web` or `shop/web`.
  package var description: String { lab.map { "\($0)/\(name)" } ?? name }
}

extension FullName: Comparable {
  /// Orders labs together, VMs outside labs first.
  package static func < (left: FullName, right: FullName) -> Bool {
    (left.lab ?? "", left.name) < (right.lab ?? "", right.name)
  }
}
