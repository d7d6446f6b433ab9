/// What can be made of a JSON value, or says why not.
package protocol JSONDecodable {
  init(json: JSONValue) throws(JSONTypeError)
}

extension JSONObject {
  /// The value of a key that must be there.
  package func required<T: JSONDecodable>(_ key: String, as type: T.Type = T.self) throws(JSONTypeError) -> T
  {
    guard let value = self[key] else {
      throw JSONTypeError(path: [key], expected: "a value", found: "nothing")
    }
    return try decode(value, at: key)
  }

  /// The value of a key that may be absent or null, which both are nil.
  package func optional<T: JSONDecodable>(_ key: String, as type: T.Type = T.self) throws(JSONTypeError) -> T?
  {
    guard let value = self[key], !value.isNull else { return nil }
    return try decode(value, at: key)
  }

  private func decode<T: JSONDecodable>(_ value: JSONValue, at key: String) throws(JSONTypeError) -> T {
    do throws(JSONTypeError) {
      return try T(json: value)
    } catch {
      throw error.inside(key)
    }
  }
}

extension JSONValue: JSONDecodable {
  package init(json: JSONValue) { self = json }
}

extension JSONObject: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    guard let object = json.object else { throw JSONTypeError(expected: "an object", found: json) }
    self = object
  }
}

extension Array: JSONDecodable where Element: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    guard let elements = json.array else { throw JSONTypeError(expected: "an array", found: json) }
    self = []
    reserveCapacity(elements.count)
    for (index, element) in elements.enumerated() {
      do throws(JSONTypeError) {
        append(try Element(json: element))
      } catch {
        throw error.inside("[\(index)]")
      }
    }
  }
}

extension String: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    guard let string = json.string else { throw JSONTypeError(expected: "a string", found: json) }
    self = string
  }
}

extension Bool: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    guard let bool = json.bool else { throw JSONTypeError(expected: "true or false", found: json) }
    self = bool
  }
}

extension Double: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    guard let double = json.double else { throw JSONTypeError(expected: "a number", found: json) }
    self = double
  }
}

extension Int: JSONDecodable {}
extension Int64: JSONDecodable {}
extension UInt64: JSONDecodable {}

extension JSONDecodable where Self: FixedWidthInteger {
  package init(json: JSONValue) throws(JSONTypeError) {
    let value =
      switch json {
      case .integer(let value): Self(exactly: value)
      case .unsigned(let value): Self(exactly: value)
      default: Self?.none
      }
    guard let value else {
      throw JSONTypeError(expected: "an integer from \(Self.min) to \(Self.max)", found: json)
    }
    self = value
  }
}

extension JSONDecodable where Self: RawRepresentable, RawValue == String {
  package init(json: JSONValue) throws(JSONTypeError) {
    guard let value = Self(rawValue: try String(json: json)) else {
      throw JSONTypeError(expected: "one of the known words", found: json)
    }
    self = value
  }
}
