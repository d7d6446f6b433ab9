internal import JSON

/// Collects what reading one definition brings to light: its problems, and where each of its values stands.
///
/// Reading goes on after a problem, so that a person learns of all of them at once.
final class DefinitionLog {
  /// The file as messages show it; nil for a definition that came over the control socket.
  let file: String?
  /// What stands before each path in messages, such as `vms.web`.
  private let prefix: String
  private(set) var problems: [Problem] = []
  private(set) var origins = Origins()
  /// Where texts stood with variables in them.
  private var variables: Set<JSONPosition> = []

  /// Takes what readers ask for; nil where nobody wants to know.
  private let notes: DefinitionNotes?

  init(file: String?, prefix: String = "", notes: DefinitionNotes? = nil) {
    self.file = file
    self.prefix = prefix
    self.notes = notes
  }

  /// Notes what a reader asks for at a path.
  func ask(at path: String, _ note: (DefinitionNotes, _ path: String) -> Void) {
    if let notes { note(notes, full(path)) }
  }

  private func full(_ path: String) -> String {
    [prefix, path].filter { !$0.isEmpty }.joined(separator: ".")
  }

  func note(_ path: String, at position: JSONPosition?) {
    origins[path] = origin(of: position)
  }

  func noteVariable(at position: JSONPosition) { variables.insert(position) }

  func hasVariable(at position: JSONPosition?) -> Bool { position.map(variables.contains) ?? false }

  func report(_ reason: Problem.Reason, path: String, at position: JSONPosition?) {
    problems.append(Problem(reason, path: full(path), origin: origin(of: position)))
  }

  func report(_ others: [Problem]) { problems += others }

  private func origin(of position: JSONPosition?) -> Origin? {
    guard let file, let position else { return nil }
    return Origin(file: file, position: position)
  }
}
