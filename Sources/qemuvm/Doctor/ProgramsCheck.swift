internal import Glibc
internal import Host

/// QEMU, and each program of the host's that some key or verb needs.
struct ProgramsCheck {
  let context: Context

  /// A program that is not needed by everybody.
  struct Tool: Sendable {
    let name: String

    /// Where it lies besides `PATH`.
    var places: [String] = []

    /// What makes it tell its version; none where it would do something else.
    let version: [String]
    let package: String

    /// What is not to be had without it.
    let cost: String
  }

  static let tools = [
    Tool(
      name: "qemu-img", version: ["--version"], package: "qemu-utils",
      cost: "no disks of a VM's own, and no images"),
    Tool(name: "xorriso", version: ["-version"], package: "xorriso", cost: "no cloudInit"),
    Tool(name: "ssh", version: ["-V"], package: "openssh-client", cost: "no 'qemuvm ssh'"),
    Tool(
      name: "ssh-keygen", version: [], package: "openssh-client", cost: "no keys for guests with cloudInit"),
    Tool(
      name: "curl", version: ["--version"], package: "curl",
      cost: "no 'qemuvm image pull', and no image by its url"),
    Tool(name: "swtpm", version: ["--version"], package: "swtpm", cost: "no TPM for guests"),
    Tool(
      name: "virtiofsd", places: ["/usr/libexec", "/usr/lib/qemu"], version: ["--version"],
      package: "virtiofsd, on Debian 12 qemu-system-common", cost: "no folders shared by virtiofs"),
  ]

  func findings() -> [Finding] {
    [qemu] + Self.tools.map(finding) + [firmware]
  }

  /// The QEMU that a VM has which names none; nil where there is none.
  static func qemu(_ context: Context) -> String? {
    let named = context.emulator ?? Self.customaryQEMU
    guard !named.contains("/") else { return access(named, X_OK) == 0 ? named : nil }
    return HostProgram.find(named, in: context)
  }

  private static var customaryQEMU: String {
    #if arch(arm64)
      "qemu-system-aarch64"
    #else
      "qemu-system-x86_64"
    #endif
  }

  /// The oldest QEMU that is supported.
  private static let oldest = (major: 7, minor: 2)

  private var qemu: Finding {
    guard let path = Self.qemu(context) else {
      return .failure(
        "QEMU", "there is no \(context.emulator ?? Self.customaryQEMU): no guest can run",
        "apt-get install qemu-system-x86, or name one in QEMUVM_QEMU")
    }
    guard let version = version(path, ["--version"]) else {
      return .failure("QEMU", "\(path) does not answer: no guest can run", "\(path) --version")
    }
    if let (major, minor) = Self.number(version), (major, minor) < Self.oldest {
      return .warning(
        "QEMU", "\(path): \(version); qemuvm is made for \(Self.oldest.major).\(Self.oldest.minor) and later",
        "Install a newer one, or name it in QEMUVM_QEMU.")
    }
    return .ok("QEMU", "\(path): \(version)")
  }

  private func finding(_ tool: Tool) -> Finding {
    let places = tool.places.map { folder in "\(folder)/\(tool.name)" }
    let elsewhere = places.first { access($0, X_OK) == 0 }
    guard let path = HostProgram.find(tool.name, in: context) ?? elsewhere else {
      return .warning(tool.name, "not found: \(tool.cost)", "apt-get install \(tool.package)")
    }
    guard !tool.version.isEmpty else { return .ok(tool.name, path) }
    guard let version = version(path, tool.version) else {
      return .warning(tool.name, "\(path) does not answer: \(tool.cost)", "\(path) \(tool.version[0])")
    }
    return .ok(tool.name, "\(path): \(version)")
  }

  /// UEFI for guests, by the descriptors that say where it lies.
  private var firmware: Finding {
    let folders = ["/etc/qemu/firmware", "/usr/share/qemu/firmware"]
    // A folder that is not there has none.
    let count = folders.reduce(0) { $0 + ((try? FileSystem.names(in: $1)) ?? []).count }
    guard count > 0 else {
      return .warning("UEFI firmware", "not found: no firmware: \"uefi\"", "apt-get install ovmf")
    }
    return .ok("UEFI firmware", "\(count) builds, named in \(folders.joined(separator: " or "))")
  }

  /// The first line of what it says that has a number in it.
  private func version(_ path: String, _ arguments: [String]) -> String? {
    guard let answer = HostQuestion(program: path, arguments: arguments).answer() else { return nil }
    let lines = answer.split(separator: "\n")
    let line = lines.first { $0.contains(where: \.isNumber) } ?? lines.first
    // What stands behind is how it was built.
    return line.map { $0.prefix { $0 != "(" && $0 != "," }.trimmed }
  }

  /// `QEMU emulator version 7.2.22 (…)` as its two numbers; nil of one that says it in another way.
  static func number(_ version: String) -> (Int, Int)? {
    guard let word = version.split(separator: " ").first(where: { $0.first?.isNumber == true }) else {
      return nil
    }
    let parts = word.split(separator: ".")
    guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1].prefix { $0.isNumber }) else {
      return nil
    }
    return (major, minor)
  }
}
