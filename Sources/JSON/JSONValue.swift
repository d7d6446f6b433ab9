/// A JSON document, or any part of one.
///
/// Integers are kept apart from doubles so that both are exact: QMP carries 64-bit sizes and bit masks that a
/// double would round. An integer has one spelling only: `.integer` when it fits `Int64`, `.unsigned` when it
/// needs the upper half of `UInt64`.
package enum JSONValue: Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  /// An integer above `Int64.max`.
  case unsigned(UInt64)
  /// A number that was written with a fraction or an exponent.
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)
}

extension JSONValue {
  /// Makes an integer, which must lie between `Int64.min` and `UInt64.max`.
  package init(_ value: some BinaryInteger) {
    self = Int64(exactly: value).map(Self.integer) ?? .unsigned(UInt64(value))
  }

  package init(_ value: Bool) { self = .bool(value) }
  package init(_ value: Double) { self = .number(value) }
  package init(_ value: String) { self = .string(value) }
  package init(_ value: [JSONValue]) { self = .array(value) }
  package init(_ value: JSONObject) { self = .object(value) }
}

extension JSONValue {
  package var isNull: Bool {
    if case .null = self { true } else { false }
  }

  package var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The value of an integer that `Int` holds; a number with a fraction or an exponent is not an integer.
  package var int: Int? { int64.flatMap(Int.init(exactly:)) }

  package var int64: Int64? {
    switch self {
    case .integer(let value): value
    case .unsigned(let value): Int64(exactly: value)
    default: nil
    }
  }

  package var uint64: UInt64? {
    switch self {
    case .integer(let value): UInt64(exactly: value)
    case .unsigned(let value): value
    default: nil
    }
  }

  /// The value of any number, rounded to the nearest double when it is an integer that needs more than 53 bits.
  package var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  package var string: String? {
    if case .string(let value) = self { value } else { nil }
  }

  package var array: [JSONValue]? {
    if case .array(let value) = self { value } else { nil }
  }

  package var object: JSONObject? {
    if case .object(let value) = self { value } else { nil }
  }

  /// The member of that key; nil when this is no object or has no such member.
  package subscript(key: String) -> JSONValue? {
    if case .object(let object) = self { object[key] } else { nil }
  }
}

extension JSONValue: Equatable {
  /// Compares exactly: strings by their bytes, an integer never equal to a double, objects without their order.
  package static func == (left: JSONValue, right: JSONValue) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.integer(let left), .integer(let right)): left == right
    case (.unsigned(let left), .unsigned(let right)): left == right
    case (.integer(let left), .unsigned(let right)): left == right
    case (.unsigned(let left), .integer(let right)): left == right
    case (.number(let left), .number(let right)): left == right
    case (.string(let left), .string(let right)): left.hasSameBytes(as: right)
    case (.array(let left), .array(let right)): left == right
    case (.object(let left), .object(let right)): left == right
    default: false
    }
  }
}
