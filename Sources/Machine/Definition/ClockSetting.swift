internal import JSON

/// The key `rtc`: what the guest's clock shows when it starts.
package enum ClockSetting: String, Sendable, CaseIterable {
  /// Coordinated universal time, as Linux wants it.
  case utc
  /// The host's local time, as Windows wants it.
  case localtime
}

extension ClockSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> ClockSetting? { node.word("clock") }
  var json: JSONValue { .string(rawValue) }
}
