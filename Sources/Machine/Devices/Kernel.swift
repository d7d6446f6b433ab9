internal import JSON

/// A Linux kernel that QEMU itself loads.
///
/// Keys: `kernel`, `initrd`, `append`.
struct Kernel: Device {
  let kernel: String
  let initrd: String?
  let commandLine: String?

  var id: DeviceID { DeviceID("kernel") }

  var properties: JSONObject {
    var properties: JSONObject = ["kernel": .string(kernel)]
    properties["initrd"] = initrd.map { .string($0) }
    properties["append"] = commandLine.map { .string($0) }
    return properties
  }

  var shown: [(key: String, value: String)] { properties.map { ($0.key, $0.value.string ?? "") } }

  var requiredFiles: [RequiredFile] {
    [("kernel", kernel), ("initrd", initrd)].compactMap { key, path in
      path.map { RequiredFile(key: key, path: $0, isWritten: false) }
    }
  }

  func frontends(in context: DeviceContext) -> [DeviceArgument] {
    [("-kernel", kernel), ("-initrd", initrd), ("-append", commandLine)].compactMap { option, value in
      value.map { .option(option, verbatim: $0) }
    }
  }
}

extension DeviceKind {
  static let kernel = DeviceKind(keys: [
    SettingKey(
      "kernel", \.kernel, reading: { $0.fileName(expected: "the kernel's file") },
      anchoring: { $0.anchored(in: $1) }),
    SettingKey(
      "initrd", \.initrd, reading: { $0.fileName(expected: "the initrd's file") },
      anchoring: { $0.anchored(in: $1) }),
    SettingKey("append", \.append),
  ]) { resolver in
    let settings = resolver.settings
    guard let file = settings.kernel else {
      if settings.initrd != nil {
        resolver.report("initrd", "an initrd needs a kernel; write 'kernel' as well")
      }
      if settings.append != nil {
        resolver.report("append", "a kernel's command line needs a kernel; write 'kernel' as well")
      }
      return []
    }
    return [Kernel(kernel: file, initrd: settings.initrd, commandLine: settings.append)]
  }
}

extension Settings {
  package var kernel: String? {
    get { devices["kernel"] }
    set { devices["kernel"] = newValue }
  }

  package var initrd: String? {
    get { devices["initrd"] }
    set { devices["initrd"] = newValue }
  }

  package var append: String? {
    get { devices["append"] }
    set { devices["append"] = newValue }
  }
}
