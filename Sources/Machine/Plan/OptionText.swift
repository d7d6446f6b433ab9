/// The text of an option that QEMU reads as `first,key=value,…` and not as JSON.
///
/// A comma inside a value is doubled, so that the value ends where it should.
package struct OptionText: Sendable {
  package private(set) var text: String

  /// - Parameter first: the value that stands first, without a key.
  init(_ first: String) { text = Self.escape(first) }

  /// Begins with a key.
  init(_ key: String, _ value: String) { text = "\(key)=\(Self.escape(value))" }

  func with(_ key: String, _ value: String) -> OptionText {
    var longer = self
    longer.text += ",\(key)=\(Self.escape(value))"
    return longer
  }

  private static func escape(_ value: String) -> String {
    value.split(separator: ",", omittingEmptySubsequences: false).joined(separator: ",,")
  }
}
