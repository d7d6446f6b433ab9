internal import JSON

/// One value of a definition while it is read, with its path and place; its problems go to the log.
///
/// It reads alike from a file, where values have places, and from the control socket, where they have none.
struct DefinitionNode {
  let path: String
  let position: JSONPosition?
  let log: DefinitionLog
  private let source: Source

  private enum Source {
    case located(LocatedJSON)
    case plain(JSONValue)
  }

  init(_ json: LocatedJSON, at path: String = "", log: DefinitionLog) {
    self.init(.located(json), path: path, log: log)
  }

  init(_ json: JSONValue, log: DefinitionLog) {
    self.init(.plain(json), path: "", log: log)
  }

  private init(_ source: Source, path: String, log: DefinitionLog) {
    self.source = source
    self.path = path
    self.log = log
    if case .located(let json) = source { position = json.position } else { position = nil }
    log.note(path, at: position)
  }

  /// The value as a file has it; nil for one that came over the control socket.
  var written: LocatedJSON? {
    if case .located(let json) = source { json } else { nil }
  }

  /// The same value as the root of a definition of its own.
  func detached(log: DefinitionLog) -> DefinitionNode { DefinitionNode(source, path: "", log: log) }

  struct Member {
    let key: String
    let keyPosition: JSONPosition?
    let value: DefinitionNode
  }

  // MARK: What it is

  var value: JSONValue {
    switch source {
    case .located(let json): json.value
    case .plain(let json): json
    }
  }

  /// A whole number, also as the text of a variable, which has no other form.
  var int: Int? { value.int ?? textOfVariable.flatMap { Int($0) } }

  /// True or false, also as the text of a variable.
  var bool: Bool? { value.bool ?? textOfVariable.flatMap { Bool($0) } }

  private var textOfVariable: String? { log.hasVariable(at: position) ? value.string : nil }

  /// The members of an object, in their order; nil when it is none.
  var members: [Member]? {
    func path(to key: String) -> String { self.path.isEmpty ? key : "\(self.path).\(key)" }
    switch source {
    case .located(let json):
      guard case .object(let members) = json.content else { return nil }
      return members.map {
        Member(
          key: $0.key, keyPosition: $0.keyPosition,
          value: DefinitionNode(.located($0.value), path: path(to: $0.key), log: log))
      }
    case .plain(let json):
      return json.object?.map {
        Member(
          key: $0.key, keyPosition: nil,
          value: DefinitionNode(.plain($0.value), path: path(to: $0.key), log: log))
      }
    }
  }

  /// The elements of an array; nil when it is none.
  var elements: [DefinitionNode]? {
    let sources: [Source]
    switch source {
    case .located(let json):
      guard case .array(let elements) = json.content else { return nil }
      sources = elements.map(Source.located)
    case .plain(let json):
      guard let elements = json.array else { return nil }
      sources = elements.map(Source.plain)
    }
    return sources.enumerated().map { DefinitionNode($0.element, path: "\(path)[\($0.offset)]", log: log) }
  }

  // MARK: What is wrong with it

  func report(_ reason: Problem.Reason) { log.report(reason, path: path, at: position) }

  func reportType(expected: String) {
    report(.wrongType(expected: expected, found: JSONTypeError(expected: expected, found: value).found))
  }

  /// Reports a problem of this value and gives nil, for `return node.wrong(…)`.
  func wrong<T>(_ reason: Problem.Reason) -> T? {
    report(reason)
    return nil
  }

  func report(_ why: String) { report(.invalid(why)) }
  func wrong<T>(_ why: String) -> T? { wrong(.invalid(why)) }

  func wrongType<T>(expected: String) -> T? {
    reportType(expected: expected)
    return nil
  }

  // MARK: Reading it as

  /// A text without NUL, which no argument of a process can hold.
  func text(expected: String = "a string") -> String? {
    guard let text = value.string else { return wrongType(expected: expected) }
    guard !text.utf8.contains(0) else { return wrong("a text cannot hold the character NUL") }
    return text
  }

  func nonEmptyText(expected: String) -> String? {
    guard let text = text(expected: expected) else { return nil }
    return text.isEmpty ? wrong("expected \(expected), found an empty string") : text
  }

  /// The path of a file of the host's; what only a shell understands is refused.
  func fileName(expected: String) -> String? {
    guard let text = nonEmptyText(expected: expected) else { return nil }
    guard text != "~", !text.hasPrefix("~/") else {
      return wrong(
        "'\(text.clipped)': only a shell knows '~'; write the folder, in a lab file as ${HOME}\(text.dropFirst().description.clipped)"
      )
    }
    return text
  }

  func integer(in range: ClosedRange<Int>, _ what: String) -> Int? {
    log.ask(at: path) { $0.note(range: range, at: $1) }
    guard let number = int else { return wrongType(expected: "a whole number") }
    guard range.contains(number) else {
      return wrong("the \(what) must be from \(range.lowerBound) to \(range.upperBound), not \(number)")
    }
    return number
  }

  func word<T: RawRepresentable & CaseIterable>(_ kind: String) -> T? where T.RawValue == String {
    let known = T.allCases.map(\.rawValue)
    log.ask(at: path) { $0.note(choices: known, at: $1) }
    guard let text = text() else { return nil }
    if let value = T(rawValue: text) { return value }
    return wrong(.unknownName(text, kind: kind, nearest: nearestName(to: text, among: known), known: known))
  }

  func name() -> String? {
    guard let text = text(expected: "a name") else { return nil }
    do throws(NameError) {
      try NameError.check(text)
      return text
    } catch {
      return wrong("'\(text.clipped)' is not a valid name: \(error)")
    }
  }
}

extension String {
  /// The text, or its beginning when it is too long for a message.
  var clipped: String { unicodeScalars.count > 80 ? String(unicodeScalars.prefix(80)) + "…" : self }
}
