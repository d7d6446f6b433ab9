/// A VM as a client names it: `web` or `shop/web`, and the lab file that the name was read from.
package struct VMReference: Sendable, Hashable {
  package let name: String

  /// The lab file that has the name, as an absolute path; nil for a name that a person wrote.
  ///
  /// A VM that belongs to another file is then refused: two folders of one name have labs of one name.
  package let file: String?

  package init(_ name: String, file: String? = nil) {
    self.name = name
    self.file = file
  }
}

extension VMReference: ExpressibleByStringLiteral {
  package init(stringLiteral name: String) { self.init(name) }
}

extension VMReference: CustomStringConvertible {
  package var description: String { name }
}
