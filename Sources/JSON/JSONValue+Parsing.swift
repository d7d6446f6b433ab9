extension JSONValue {
  /// How deep arrays and objects may be nested unless a caller says otherwise.
  ///
  /// The reader calls itself for each level, which takes half a kilobyte of the stack (two and a half unoptimised).
  package static let depthLimit = 512

  /// Reads a text of UTF-8 that holds one value.
  ///
  /// A key that is there twice, a lone surrogate, invalid UTF-8 and anything behind the value are refused, and an
  /// integer that no `Int64` or `UInt64` holds. `valueLimit` bounds the memory that it takes: a value of two bytes of
  /// text takes up to a hundred.
  package init(
    parsing bytes: some Collection<UInt8>, dialect: JSONDialect = .json, depthLimit: Int = depthLimit,
    valueLimit: Int = .max
  ) throws(JSONSyntaxError) {
    self = try bytes.withText { text throws(JSONSyntaxError) in
      var reader = JSONReader<ValueBuilder>(
        text, dialect: dialect, depthLimit: depthLimit, valueLimit: valueLimit)
      return try reader.document()
    }
  }

  package init(
    parsing text: String, dialect: JSONDialect = .json, depthLimit: Int = depthLimit
  ) throws(JSONSyntaxError) {
    try self.init(parsing: text.utf8, dialect: dialect, depthLimit: depthLimit)
  }
}

/// Builds plain values.
private struct ValueBuilder: JSONBuilder {
  init(text: JSONText) {}

  func place(of offset: Int) {}

  func scalar(_ scalar: JSONScalar, at place: Void) -> JSONValue {
    switch scalar {
    case .null: .null
    case .bool(let value): .bool(value)
    case .integer(let value): .integer(value)
    case .unsigned(let value): .unsigned(value)
    case .number(let value): .number(value)
    case .string(let value): .string(value)
    }
  }

  func array(_ elements: [JSONValue], at place: Void) -> JSONValue { .array(elements) }
  func object(_ members: JSONObject, at place: Void) -> JSONValue { .object(members) }

  func noMembers() -> JSONObject { JSONObject() }
  func contains(_ key: String, in members: JSONObject) -> Bool { members.contains(key) }

  func append(_ key: String, at place: Void, value: JSONValue, to members: inout JSONObject) {
    members.append(key, value)
  }
}
