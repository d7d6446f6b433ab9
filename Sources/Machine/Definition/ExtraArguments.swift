internal import JSON

/// The key `arguments` as written: words that QEMU gets as they are, behind all others.
///
/// What would take the VM out of qemuvm's hands is refused, and what would contradict a key.
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
      "name": identity,
      "pidfile": process, "daemonize": process, "S": process, "preconfig": process, "runas": process,
      "run-with": process, "chroot": process, "async-teardown": process,
      "add-fd": "QEMU has no descriptors but those that qemuvm gives it",
      "sandbox": "every guest runs under it",
      "qmp": monitor, "qmp-pretty": monitor, "mon": monitor, "monitor": monitor,
      "action": ending, "no-shutdown": ending, "no-reboot": ending,
      "readconfig": "options in a file cannot be checked",
      "set":
        "it changes what other options have made; write the property in the option that makes the device",
      "incoming": "qemuvm cannot restore a guest yet",
      "no-acpi": "write machine: { acpi: false }",
    ]
  }()

  /// Options that would contradict a key without a word, and the key to write instead.
  private static let keys: [String: String] = [
    "m": "memory", "smp": "cpus", "cpu": "cpu", "M": "machine", "machine": "machine", "accel": "accelerator",
    "enable-kvm": "accelerator", "no-kvm": "accelerator", "bios": "firmware", "pflash": "firmware",
    "kernel": "kernel", "initrd": "initrd", "append": "append", "uuid": "uuid",
    "watchdog-action": "watchdog",
  ]

  /// Why a word cannot be passed on; nil when it can.
  ///
  /// QEMU takes an option with one dash or two, by its whole name, and its value as the next word.
  static func refusal(of word: String, after previous: String? = nil) -> String? {
    if previous.flatMap(option) == "smbios", setsUUID(word) {
      return "'\(word.clipped)' is refused: write the UUID with the key 'uuid' instead"
    }
    guard let name = option(word) else { return nil }
    if let reason = refused[name] { return "'\(word)' is refused: \(reason)" }
    return nil
  }

  /// The key to write instead of an option that decides the same; nil where there is none.
  static func key(insteadOf word: String) -> String? { option(word).flatMap { keys[$0] } }

  /// The name of the option that a word is; nil when it is a value.
  static func option(_ word: String) -> String? {
    guard word.hasPrefix("-") else { return nil }
    return String(word.dropFirst(word.hasPrefix("--") ? 2 : 1))
  }

  /// Whether a value of `-smbios` sets the UUID, which QEMU then answers `query-uuid` with.
  private static func setsUUID(_ value: String) -> Bool {
    value.split(separator: ",").contains { $0.split(separator: "=", maxSplits: 1).first == "uuid" }
  }
}

extension ExtraArguments: DefinitionValue {
  static func read(_ node: DefinitionNode) -> ExtraArguments? {
    guard let elements = node.elements else { return node.wrongType(expected: "a list of arguments") }
    var previous: String?
    return ExtraArguments(
      elements.compactMap { element in
        guard let word = element.text(expected: "an argument") else { return nil }
        defer { previous = word }
        if let refusal = refusal(of: word, after: previous) { return element.wrong(refusal) }
        if let key = key(insteadOf: word) { return element.wrong(.keyInstead(word: word, key: key)) }
        return word
      })
  }

  var json: JSONValue { .array(words.map(JSONValue.init(_:))) }
}
