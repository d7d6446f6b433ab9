internal import JSON
internal import QMP

/// The arguments of one command as they are read: each is taken once, and none may be left over.
///
/// Refusals are worded as QEMU words its own.
struct RequestArguments {
  private var rest: JSONObject

  init(_ arguments: JSONObject) {
    rest = arguments
  }

  mutating func optional<Value: JSONDecodable>(_ key: String) throws(ControlError) -> Value? {
    defer { rest[key] = nil }
    do throws(JSONTypeError) {
      return try rest.optional(key)
    } catch {
      throw ControlError(
        .failed, "Invalid parameter '\(key)': expected \(error.expected), found \(error.found)")
    }
  }

  mutating func required<Value: JSONDecodable>(_ key: String) throws(ControlError) -> Value {
    guard let value: Value = try optional(key) else {
      throw ControlError(.failed, "Parameter '\(key)' is missing")
    }
    return value
  }

  /// The VM that a command is about, with the lab file that its name was read from.
  mutating func vm() throws(ControlError) -> VMReference {
    VMReference(try required("name"), file: try optional("file"))
  }

  /// The same where none may be meant.
  mutating func optionalVM() throws(ControlError) -> VMReference? {
    guard let name: String = try optional("name") else { return nil }
    return VMReference(name, file: try optional("file"))
  }

  mutating func flag(_ key: String) throws(ControlError) -> Bool {
    try optional(key) ?? false
  }

  /// Seconds, whole or not.
  mutating func timeout() throws(ControlError) -> Duration? {
    guard let seconds: Double = try optional("timeout") else { return nil }
    guard let duration = Duration(secondsOnTheWire: seconds) else {
      throw ControlError(
        .failed, "Invalid parameter 'timeout': expected 0 to 1000000000 seconds, found \(seconds)")
    }
    return duration
  }

  mutating func subject() throws(ControlError) -> ControlRequest.Subject {
    let name: String? = try optional("name")
    let definition: JSONObject? = try optional("definition")
    switch (name, definition) {
    case (let name?, nil): return .named(VMReference(name, file: try optional("file")))
    case (nil, let definition?):
      return .definition(definition, directory: try required("directory"), file: try optional("file"))
    case (nil, nil): throw ControlError(.failed, "Parameter 'name' or 'definition' is missing")
    case (_?, _?): throw ControlError(.failed, "Parameter 'name' cannot stand beside 'definition'")
    }
  }

  /// A QMP command for a guest's QEMU, without an id of its own.
  mutating func command() throws(ControlError) -> JSONObject {
    let command: JSONObject = try required("command")
    do throws(QMPRequest.Malformed) {
      _ = try QMPRequest(json: .object(command))
    } catch {
      throw ControlError(.failed, "Invalid parameter 'command': \(error.reason)")
    }
    guard command["id"] == nil else {
      throw ControlError(.failed, "Invalid parameter 'command': 'id' belongs beside the outer 'execute'")
    }
    return command
  }

  /// Where an image is downloaded from: all texts but its name, which the supervisor judges.
  mutating func source() throws(ControlError) -> JSONObject {
    var source: JSONObject = ["url": .string(try required("url"))]
    for key in ["sha256", "sha512", "checksums"] {
      let text: String? = try optional(key)
      source[key] = text.map { .string($0) }
    }
    return source
  }

  /// Refuses what nobody took.
  func finish() throws(ControlError) {
    guard let key = rest.keys.first else { return }
    throw ControlError(.failed, "Parameter '\(key)' is unexpected")
  }
}
