internal import JSON
internal import Machine

/// A key of a definition as an option of the command line.
struct SettingOption: Sendable {
  /// The key in the definition: `memoryPerCPU`.
  let key: String
  let option: any DeclaredOption

  /// The key's value as the definition would have it; nil where the option is not given.
  let value: @Sendable (GivenArguments) -> JSONValue?

  private init(_ key: String, _ option: ValueOption<JSONValue>) {
    self.key = key
    self.option = option
    value = { $0[option] }
  }

  /// `none` is the word that alone stands for an empty list, where there is one.
  private init(_ key: String, _ option: ListOption<JSONValue>, none: JSONValue? = nil) {
    self.key = key
    self.option = option
    value = { given in
      let values = given[option]
      if values.isEmpty { return nil }
      return values == [none] ? none : .array(values)
    }
  }

  static let all: [SettingOption] = [
    SettingOption("cpus", ValueOption("cpus", "N", .wholeNumber, help: "The number of CPUs.")),
    SettingOption("memory", ValueOption("memory", "SIZE", .setting, help: "The memory, as 512M or 2G.")),
    SettingOption(
      "memoryPerCPU",
      ValueOption("memory-per-cpu", "SIZE", .setting, help: "The memory for each CPU, instead.")),
    SettingOption(
      "image",
      ValueOption(
        "image", "IMAGE", .setting,
        help: "The image to boot from: a name of the image store, or a file with its folder, as ./web.qcow2.",
        completion: .imagesAndFiles)
    ),
    SettingOption(
      "imageSize",
      ValueOption("image-size", "SIZE", .setting, help: "How large that disk is at least, as 20G.")),
    SettingOption(
      "disks",
      ListOption(
        "disk", "FILE[,KEY=VALUE…]", .disk,
        help:
          "A disk: a file, used as it is, with a disk's keys behind it, as old.img,format=qcow2; or keys alone, as "
          + "name=data,size=20G.")),
    SettingOption(
      "disks",
      ValueOption(
        "disk-size", "SIZE", .diskSize,
        help: "A blank disk, 'disk', of that size, as 20G: it is booted from first.")),
    SettingOption(
      "disks",
      ListOption(
        "cdrom", "FILE", .cdrom, help: "A CD drive with that file in it: it is booted from last.",
        completion: .files)),
    SettingOption(
      "networks",
      ListOption(
        "network", "NAME", .setting, help: "A network: user, one of the VM's lab, or none.",
        completion: .networks),
      none: "none"),
    SettingOption(
      "ports",
      ListOption(
        "port", "PORT", .setting, help: "A port of the host for one of the guest, as 8080:80 or 5353:53/udp.")
    ),
    SettingOption(
      "accelerator",
      ValueOption("accelerator", "NAME", .setting, help: "What runs the guest: auto, kvm or tcg.")),
    SettingOption("machine", ValueOption("machine", "TYPE", .setting, help: "QEMU's machine type, as q35.")),
    SettingOption("cpu", ValueOption("cpu", "MODEL", .setting, help: "QEMU's CPU model, as host.")),
    SettingOption(
      "firmware",
      ValueOption("firmware", "NAME", .setting, help: "The firmware: seabios, uefi, or a ROM's file.")),
    SettingOption(
      "kernel", ValueOption("kernel", "FILE", .setting, help: "A Linux kernel to boot.", completion: .files)),
    SettingOption(
      "initrd",
      ValueOption("initrd", "FILE", .setting, help: "The kernel's initial RAM disk.", completion: .files)),
    SettingOption("append", ValueOption("append", "TEXT", .setting, help: "The kernel's command line.")),
    SettingOption(
      "qemu", ValueOption("qemu", "PROGRAM", .setting, help: "Another QEMU binary.", completion: .files)),
    SettingOption("restart", restart),
    SettingOption(
      "stopTimeout",
      ValueOption("stop-timeout", "T", .setting, help: "How long the guest may take to power off, as 60s.")),
    SettingOption(
      "arguments", ListOption("argument", "ARGUMENT", .setting, help: "One more argument for QEMU, as it is.")
    ),
  ]

  static var options: [any DeclaredOption] { all.map(\.option) }

  /// With `up` the word alone is an order of its own: to restart what cannot take an edit in otherwise.
  private static let restart = ValueOption<JSONValue>(
    "restart", "POLICY", .setting, optional: RestartPolicy.Mode.allCases.map(\.rawValue),
    help:
      "Restart it: no, on-failure or always. Alone, with up: restart what cannot take an edit in otherwise.")

  /// Whether `--restart` stands there without a policy.
  static func isRestartBare(_ given: GivenArguments) -> Bool { given[restart] == "" }

  /// Refuses that for any verb but `up`.
  static func refuseBareRestart(_ given: GivenArguments, verb: String) throws(UsageError) {
    guard isRestartBare(given), verb != Up.name else { return }
    throw UsageError(
      .valueMissing(option: restart.declaration.written, placeholder: restart.declaration.placeholder ?? ""),
      verb: verb)
  }

  /// The written names of the settings that are given.
  static func names(in given: GivenArguments) -> [String] {
    all.filter { given.has($0.option) && !($0.key == "restart" && isRestartBare(given)) }.map(
      \.option.declaration.written)
  }

  /// The settings that are given, by the rules of a definition, with paths seen from the working directory.
  static func settings(in given: GivenArguments, verb: String) throws(UsageError) -> Settings {
    try refuseBareRestart(given, verb: verb)
    var object = JSONObject()
    for setting in all where setting.key != "disks" { object[setting.key] = setting.value(given) }
    object["disks"] = disks(given)
    if isRestartBare(given) { object["restart"] = nil }
    do throws(DefinitionError) {
      return try Settings(json: .object(object))
    } catch {
      throw UsageError(.combination(error.problems.map(sentence).joined(separator: "\n")), verb: verb)
    }
  }

  /// The disks of all options that make one, in the order in which they are booted from; nil where there are none.
  private static func disks(_ given: GivenArguments) -> JSONValue? {
    let order = ["disk-size", "disk", "cdrom"]
    let options = all.filter { $0.key == "disks" }.sorted {
      let names = ($0.option.declaration.name, $1.option.declaration.name)
      return order.firstIndex(of: names.0) ?? 0 < order.firstIndex(of: names.1) ?? 0
    }
    let values = options.compactMap { $0.value(given) }
    return values.isEmpty ? nil : .array(values.flatMap { $0.array ?? [$0] })
  }

  /// A problem with the option's name in the place of the key's.
  private static func sentence(_ problem: Problem) -> String {
    let key = problem.path.prefix { $0 != "." && $0 != "[" }
    let place = all.first { $0.key == key }?.option.declaration.written ?? problem.path
    // What another key decides has an option of its own here.
    if case .keyInstead(let word, let key) = problem.reason,
      let option = all.first(where: { $0.key == key })?.option.declaration.written
    {
      return "\(place): '\(word)' is refused: write \(option) instead"
    }
    return "\(place): \(problem.reason)"
  }
}

extension ValueParser<JSONValue> {
  /// A text that the definition's rules judge.
  static var setting: ValueParser {
    ValueParser { text throws(InvalidValue) in .string(text) }
  }

  fileprivate static var wholeNumber: ValueParser {
    ValueParser { text throws(InvalidValue) in
      guard let number = Int64(text) else { throw InvalidValue(reason: "is not a whole number") }
      return .integer(number)
    }
  }

  fileprivate static var diskSize: ValueParser {
    ValueParser { text throws(InvalidValue) in ["name": "disk", "size": .string(text)] }
  }

  fileprivate static var cdrom: ValueParser {
    ValueParser { text throws(InvalidValue) in ["file": .string(text), "cdrom": true] }
  }

  /// A file's name, and behind it keys of a disk: `old.img,format=qcow2,readOnly=true`.
  ///
  /// A comma that no key follows belongs to the name.
  static var disk: ValueParser {
    ValueParser { text throws(InvalidValue) in
      var file = text[...]
      var keys: [(String, JSONValue)] = []
      while let comma = file.lastIndex(of: ","), let key = DiskKey(file[file.index(after: comma)...]) {
        keys.insert((key.name, key.value), at: 0)
        file = file[..<comma]
      }
      if let twice = keys.indices.first(where: { index in keys[..<index].contains { $0.0 == keys[index].0 } })
      {
        throw InvalidValue(reason: "has the key '\(keys[twice].0)' twice")
      }
      // Keys alone say what it is: no file.
      if let first = DiskKey(file),
        keys.contains(where: { $0.0 == "image" || $0.0 == "size" }) || first.tellsSource
      {
        return .object(JSONObject([(first.name, first.value)] + keys))
      }
      return keys.isEmpty ? .string(text) : .object(JSONObject([("file", .string(String(file)))] + keys))
    }
  }
}

/// One `KEY=VALUE` behind a disk's file.
private struct DiskKey {
  let name: String
  let value: JSONValue

  /// Whether it says what the disk is, so that no file is named.
  var tellsSource: Bool { name == "image" || name == "size" }

  /// Nil when the text is neither a key nor meant to be one.
  init?(_ text: Substring) {
    guard let sign = text.firstIndex(of: "=") else { return nil }
    let name = String(text[..<sign])
    // One that is nearly a key is refused as an unknown key, and its neighbour named.
    let isKey = DiskSetting.keys.contains(name) || nearestName(to: name, among: DiskSetting.keys) != nil
    guard isKey else { return nil }
    self.name = name
    let word = String(text[text.index(after: sign)...])
    switch word {
    case "true" where name != "serial": value = .bool(true)
    case "false" where name != "serial": value = .bool(false)
    case _ where name == "boot": value = Int64(word).map { .integer($0) } ?? .string(word)
    default: value = .string(word)
    }
  }
}
