package import JSON

/// A word of the protocol: one that this version knows, or another version's.
package struct Word<Known: RawRepresentable & Sendable>: Sendable, Hashable where Known.RawValue == String {
  /// As it stands on the wire.
  package let text: String

  package init(text: String) {
    self.text = text
  }

  package init(_ known: Known) {
    text = known.rawValue
  }

  /// Nil for a word of another version.
  package var known: Known? { Known(rawValue: text) }
}

extension Word: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    self.init(text: try String(json: json))
  }
}

extension JSONValue {
  /// A text, or null where there is none.
  package init(text: String?) { self = text.map { .string($0) } ?? .null }

  /// Texts in their order.
  package init(texts: [String]) { self = .array(texts.map { .string($0) }) }
}
