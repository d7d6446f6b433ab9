/// Reads an object key by key and then reports the keys that nothing asked for.
///
/// What a reader asks for is thereby the list of known keys, which the nearest one is looked for in.
struct ObjectReader {
  let node: DefinitionNode
  private let members: [DefinitionNode.Member]
  private var asked: [String] = []
  /// Keys that are known to belong elsewhere, and what to say of them.
  private var misplaced: [String: String] = [:]

  /// Nil, with a problem reported, when the value is no object.
  init?(_ node: DefinitionNode, expected: String = "an object") {
    guard let members = node.members else {
      node.reportType(expected: expected)
      return nil
    }
    self.node = node
    self.members = members
    node.log.ask(at: node.path) { $0.noteObject(at: $1) }
  }

  /// The value of a key, nil when it is absent or was no good.
  mutating func read<T>(_ key: String, _ read: (DefinitionNode) -> T?) -> T? {
    asked.append(key)
    node.log.ask(at: node.path) { $0.note(key: key, at: $1) }
    return members.first { $0.key == key }.flatMap { read($0.value) }
  }

  mutating func read<T: DefinitionValue>(_ key: String) -> T? { read(key, T.read) }

  func has(_ key: String) -> Bool { members.contains { $0.key == key } }

  /// All other members are read by the caller: their keys are names.
  var others: [DefinitionNode.Member] { members.filter { !asked.contains($0.key) } }

  mutating func refuse(_ key: String, because reason: String) { misplaced[key] = reason }

  /// Reports a key that must be there and is not.
  func missing(_ key: String, _ what: String) {
    node.log.report(.missing(what), path: path(to: key), at: node.position)
  }

  /// Reports what only the whole object shows to be wrong with one of its keys.
  func report(_ key: String, _ why: String) {
    let value = members.first { $0.key == key }?.value
    node.log.report(.invalid(why), path: path(to: key), at: value?.position ?? node.position)
  }

  private func path(to key: String) -> String { node.path.isEmpty ? key : "\(node.path).\(key)" }

  /// Reports every key that was not asked for.
  func finish() {
    for member in others {
      let reason = misplaced[member.key].map(Problem.Reason.invalid)
      node.log.report(
        reason ?? .unknownKey(member.key, nearest: nearestName(to: member.key, among: asked)),
        path: member.value.path, at: member.keyPosition)
    }
  }
}
