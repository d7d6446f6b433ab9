package import JSON

/// The JSON schema of a lab file, for editors: found by giving the reader a value of each type in each place.
///
/// What the reader takes and asks for there is the schema, so that the two cannot differ.
package enum LabSchema {
  /// As draft 7 has it, which editors know best.
  package static var json: JSONObject {
    var schema: JSONObject = [
      "$schema": "http://json-schema.org/draft-07/schema#",
      "title": "A lab file of qemuvm",
    ]
    for (key, value) in SchemaPlace().schema.object ?? [:] { schema[key] = value }
    return schema
  }
}

/// One place in a lab file, and what the reader makes of values there.
private struct SchemaPlace {
  /// As problems have it.
  var path = ""

  /// Puts a value in this place of an otherwise empty file.
  var around: @Sendable (JSONValue) -> JSONValue = { $0 }

  /// A name where any may stand.
  private static let anyName = "x"

  /// What a text has that a variable gives its value.
  private static let variable: JSONValue = ["type": "string", "pattern": "\\$\\{"]

  /// Nothing in a lab file lies deeper.
  private static let deepest = 12

  /// What the reader says to a value in this place.
  private func reading(_ value: JSONValue) -> (problems: [Problem], notes: DefinitionNotes) {
    let notes = DefinitionNotes()
    do throws(DefinitionError) {
      let text = LabSource.Text(path: "/lab", shown: "lab", bytes: around(value).bytes())
      _ = try LabFile(try LabSource(text), defaultLab: "lab", notes: notes)
      return ([], notes)
    } catch {
      return (error.problems, notes)
    }
  }

  private func takes(_ value: JSONValue) -> Bool {
    reading(value).problems.allSatisfy { $0.path != path }
  }

  private func isTypeWrong(_ value: JSONValue) -> Bool {
    reading(value).problems.contains { problem in
      guard problem.path == path, case .wrongType = problem.reason else { return false }
      return true
    }
  }

  // MARK: The schema

  var schema: JSONValue {
    var alternatives = [boolean, integer, text, list, object].compactMap { $0 }
    let isPlain = alternatives.contains { $0 == ["type": "string"] }
    let isVariable =
      !path.isEmpty && alternatives.contains { $0["type"] != "object" && $0["type"] != "array" }
    if isVariable, !isPlain { alternatives.append(Self.variable) }
    var schema: JSONObject =
      alternatives.count == 1 ? alternatives[0].object ?? [:] : ["anyOf": .array(alternatives)]
    if let expected { schema["description"] = .string(expected) }
    return .object(schema)
  }

  /// What the reader says it expects, where it says more than a type.
  private var expected: String? {
    for problem in reading(.null).problems where problem.path == path {
      if case .wrongType(let expected, _) = problem.reason { return expected }
    }
    return nil
  }

  private var boolean: JSONValue? {
    let taken = [true, false].filter { takes(.bool($0)) }
    return taken.isEmpty ? nil : taken.count == 2 ? ["type": "boolean"] : ["const": .bool(taken[0])]
  }

  private var integer: JSONValue? {
    if let range = reading(1).notes.ranges[path] {
      return [
        "type": "integer", "minimum": JSONValue(range.lowerBound), "maximum": JSONValue(range.upperBound),
      ]
    }
    return takes(1) ? ["type": "integer"] : nil
  }

  private var text: JSONValue? {
    let value = JSONValue.string(Self.anyName)
    if let choices = reading(value).notes.choices[path] {
      return ["type": "string", "enum": .array(choices.map { .string($0) })]
    }
    return isTypeWrong(value) ? nil : ["type": "string"]
  }

  private var list: JSONValue? {
    var element = self
    element.path = "\(path)[0]"
    // A list that may not be empty is one all the same: its elements are looked at.
    let isLookedInto = reading([1]).problems.contains { $0.path == element.path }
    guard takes([]) || isLookedInto, depth < Self.deepest else { return nil }
    element.around = { [around] in around([$0]) }
    return ["type": "array", "items": element.schema]
  }

  private var object: JSONValue? {
    let (problems, notes) = reading([:])
    if notes.openObjects.contains(path) { return ["type": "object"] }
    let keys = notes.keys[path]
    guard keys != nil || problems.allSatisfy({ $0.path != path }), depth < Self.deepest else { return nil }
    var properties = JSONObject()
    for key in keys ?? [] { properties[key] = member(key).schema }
    let isOpen = !reading([Self.anyName: 1]).problems.contains { problem in
      guard problem.path == member(Self.anyName).path, case .unknownKey = problem.reason else { return false }
      return true
    }
    var schema: JSONObject = ["type": "object"]
    if !properties.isEmpty { schema["properties"] = .object(properties) }
    schema["additionalProperties"] = isOpen ? member(Self.anyName).schema : false
    return .object(schema)
  }

  private var depth: Int { path.count { $0 == "." || $0 == "[" } }

  private func member(_ key: String) -> SchemaPlace {
    var place = self
    place.path = path.isEmpty ? key : "\(path).\(key)"
    place.around = { [around] in around([key: $0]) }
    return place
  }
}
