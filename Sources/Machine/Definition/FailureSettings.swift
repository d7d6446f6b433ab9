internal import JSON

/// The key `panic`: what follows when the guest's kernel says that it panicked.
package enum PanicSetting: String, Sendable, CaseIterable {
  /// What the restart policy says.
  case restart
  /// The guest stays as it is, paused, to be looked at.
  case pause
}

extension PanicSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> PanicSetting? { node.word("action") }
  var json: JSONValue { .string(rawValue) }
}
