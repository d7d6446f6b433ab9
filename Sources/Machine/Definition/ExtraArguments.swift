internal import JSON

/// The key `arguments` as written: words that QEMU gets as they are, behind all others.
///
/// What would take the VM out of qemuvm's hands is refused.
package struct ExtraArguments: Sendable, Equatable {
  package var words: [String]

  package init(_ words: [String]) { self.words = words }
}

extension ExtraArguments {
  /// Options that are qemuvm's own, and why.
  private static let refused: [String: String] = {
    let identity = "qemuvm knows the VM's process by it"
    let process = "qemuvm itself starts and holds the process"
    let monitor = "qemuvm opens the monitors; 'qemuvm status' names the one for your tools"
    let ending = "qemuvm learns from it how the guest ended; see the key 'restart'"
    return [
      "uuid": identity, "name": identity,
      "pidfile": process, "daemonize": process, "S": process, "preconfig": process,
      "sandbox": "every guest runs under it",
      "qmp": monitor, "qmp-pretty": monitor, "mon": monitor, "monitor": monitor,
      "action": ending, "no-shutdown": ending, "no-reboot": ending,
      "accel": "the key 'accelerator' decides it", "enable-kvm": "the key 'accelerator' decides it",
      "readconfig": "options in a file cannot be checked",
      "incoming": "restoring a guest is not an option",
    ]
  }()

  /// Why a word cannot be passed on; nil when it can.
  static func refusal(of word: String) -> String? {
    guard word.hasPrefix("-") else { return nil }
    // QEMU takes an option with one dash or two.
    let name = word.dropFirst(word.hasPrefix("--") ? 2 : 1)
    return refused[String(name)].map { "'\(word)' is refused: \($0)" }
  }
}

extension ExtraArguments: DefinitionValue {
  static func read(_ node: DefinitionNode) -> ExtraArguments? {
    guard let elements = node.elements else { return node.wrongType(expected: "a list of arguments") }
    return ExtraArguments(
      elements.compactMap { element in
        guard let word = element.text(expected: "an argument") else { return nil }
        if let refusal = refusal(of: word) { return element.wrong(refusal) }
        return word
      })
  }

  var json: JSONValue { .array(words.map(JSONValue.init(_:))) }
}
