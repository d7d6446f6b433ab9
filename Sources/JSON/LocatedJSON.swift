/// A value that knows where each of its parts stands: for files that people write.
package struct LocatedJSON: Sendable {
  package enum Content: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// An integer above `Int64.max`.
    case unsigned(UInt64)
    /// A number that was written with a fraction or an exponent.
    case number(Double)
    case string(String)
    case array([LocatedJSON])
    /// The members in the order of the text; no key is there twice.
    case object([Member])
  }

  package struct Member: Sendable {
    package let key: String
    package let keyPosition: JSONPosition
    package let value: LocatedJSON

    package init(key: String, keyPosition: JSONPosition, value: LocatedJSON) {
      self.key = key
      self.keyPosition = keyPosition
      self.value = value
    }
  }

  package let position: JSONPosition
  package let content: Content

  /// Reads a text of UTF-8 that holds one value, as `JSONValue` does.
  package init(
    parsing bytes: some Collection<UInt8>, dialect: JSONDialect = .json,
    depthLimit: Int = JSONValue.depthLimit
  ) throws(JSONSyntaxError) {
    self = try bytes.withText { text throws(JSONSyntaxError) in
      var reader = JSONReader<LocatedBuilder>(text, dialect: dialect, depthLimit: depthLimit)
      return try reader.document()
    }
  }

  package init(
    parsing text: String, dialect: JSONDialect = .json, depthLimit: Int = JSONValue.depthLimit
  ) throws(JSONSyntaxError) {
    try self.init(parsing: text.utf8, dialect: dialect, depthLimit: depthLimit)
  }

  /// A value made in the place of one that was read.
  package init(_ content: Content, at position: JSONPosition) {
    self.position = position
    self.content = content
  }

  /// The value without the positions.
  package var value: JSONValue {
    switch content {
    case .null: .null
    case .bool(let value): .bool(value)
    case .integer(let value): .integer(value)
    case .unsigned(let value): .unsigned(value)
    case .number(let value): .number(value)
    case .string(let value): .string(value)
    case .array(let elements): .array(elements.map(\.value))
    case .object(let members): .object(JSONObject(members.lazy.map { ($0.key, $0.value.value) }))
    }
  }
}

/// Builds values with their positions, counting lines on from one to the next.
private struct LocatedBuilder: JSONBuilder {
  struct Members {
    var list: [LocatedJSON.Member] = []
    var keys: Set<ExactKey> = []
  }

  private let text: JSONText
  private var mark = JSONText.Mark()

  init(text: JSONText) { self.text = text }

  mutating func place(of offset: Int) -> JSONPosition {
    text.advance(&mark, to: offset)
    return mark.position
  }

  func scalar(_ scalar: JSONScalar, at place: JSONPosition) -> LocatedJSON {
    let content: LocatedJSON.Content =
      switch scalar {
      case .null: .null
      case .bool(let value): .bool(value)
      case .integer(let value): .integer(value)
      case .unsigned(let value): .unsigned(value)
      case .number(let value): .number(value)
      case .string(let value): .string(value)
      }
    return LocatedJSON(content, at: place)
  }

  func array(_ elements: [LocatedJSON], at place: JSONPosition) -> LocatedJSON {
    LocatedJSON(.array(elements), at: place)
  }

  func object(_ members: Members, at place: JSONPosition) -> LocatedJSON {
    LocatedJSON(.object(members.list), at: place)
  }

  func noMembers() -> Members { Members() }
  func contains(_ key: String, in members: Members) -> Bool { members.keys.contains(ExactKey(key)) }

  func append(_ key: String, at place: JSONPosition, value: LocatedJSON, to members: inout Members) {
    members.list.append(LocatedJSON.Member(key: key, keyPosition: place, value: value))
    members.keys.insert(ExactKey(key))
  }
}
