internal import JSON

extension JSONValue {
  /// Stands for a value that is not shown, for it may be a secret; the digest tells one from another.
  static func hidden(_ digest: String) -> JSONValue { [hiddenKey: .string(digest)] }

  /// Whether it stands for one.
  var isHidden: Bool { object?.count == 1 && self[Self.hiddenKey] != nil }

  private static let hiddenKey = "hidden"
}
