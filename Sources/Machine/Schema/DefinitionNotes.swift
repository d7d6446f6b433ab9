/// What readers ask for while they read, by the path of the value: the declarations that a schema is made from.
///
/// Nothing is declared twice: what no reader asks for is in no schema.
final class DefinitionNotes {
  /// The keys that were asked for, in that order; of an object that may have any, none.
  private(set) var keys: [String: [String]] = [:]
  /// Objects that are somebody else's, with members that are not looked at.
  private(set) var openObjects: Set<String> = []
  private(set) var choices: [String: [String]] = [:]
  private(set) var ranges: [String: ClosedRange<Int>] = [:]

  func noteObject(at path: String) { keys[path] = keys[path] ?? [] }

  func noteOpenObject(at path: String) { openObjects.insert(path) }

  func note(key: String, at path: String) {
    if keys[path]?.contains(key) != true { keys[path, default: []].append(key) }
  }

  func note(choices words: [String], at path: String) { choices[path] = words }
  func note(range: ClosedRange<Int>, at path: String) { ranges[path] = range }
}
