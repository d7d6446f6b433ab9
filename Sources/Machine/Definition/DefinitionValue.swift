internal import JSON

/// A value that a definition can hold: read with its problems reported, written so that it reads back.
protocol DefinitionValue: Equatable, Sendable {
  /// Nil when the value is no good, which the node's log then knows.
  static func read(_ node: DefinitionNode) -> Self?

  var json: JSONValue { get }

  /// This value where the profile below says `base`; unless a type says otherwise this one stands alone.
  func merged(over base: Self) -> Self
}

extension DefinitionValue {
  func merged(over base: Self) -> Self { self }
}

extension Bool: DefinitionValue {
  static func read(_ node: DefinitionNode) -> Bool? {
    node.bool ?? node.wrongType(expected: "true or false")
  }

  var json: JSONValue { .bool(self) }
}

extension Int: DefinitionValue {
  static func read(_ node: DefinitionNode) -> Int? {
    node.int ?? node.wrongType(expected: "a whole number")
  }

  var json: JSONValue { JSONValue(self) }
}

extension String: DefinitionValue {
  static func read(_ node: DefinitionNode) -> String? { node.text() }

  var json: JSONValue { .string(self) }
}

extension Array: DefinitionValue where Element: DefinitionValue {
  static func read(_ node: DefinitionNode) -> [Element]? {
    guard let elements = node.elements else { return node.wrongType(expected: "a list") }
    let read = elements.compactMap(Element.read)
    return read.count == elements.count ? read : nil
  }

  var json: JSONValue { .array(map(\.json)) }
}

extension ByteCount: DefinitionValue {
  static func read(_ node: DefinitionNode) -> ByteCount? {
    if let number = node.value.int {
      return node.wrong(
        number < 0 ? "a size cannot be negative, as \(number) is" : "\(number) \(ParseError.unitMissing)")
    }
    guard let text = node.text(expected: "a size such as '512M'") else { return nil }
    do throws(ParseError) {
      return try ByteCount(parsing: text)
    } catch {
      return node.wrong("'\(text.clipped)' \(error)")
    }
  }

  var json: JSONValue { .string(description) }
}

extension Duration: DefinitionValue {
  static func read(_ node: DefinitionNode) -> Duration? {
    if let number = node.value.int {
      return node.wrong(
        number < 0
          ? "a duration cannot be negative, as \(number) is" : "\(number) \(TimeText.ParseError.unitMissing)")
    }
    guard let text = node.text(expected: "a duration such as '10s'") else { return nil }
    do throws(TimeText.ParseError) {
      return try TimeText.duration(text)
    } catch {
      return node.wrong("'\(text.clipped)' \(error)")
    }
  }

  var json: JSONValue { .string(TimeText.text(self)) }
}
