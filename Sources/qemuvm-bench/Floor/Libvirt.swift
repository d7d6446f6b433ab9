internal import Glibc
internal import Host

/// libvirt's own command line, for comparison where it is installed; a machine without it has no such column.
struct Libvirt: Sendable {
  /// The one of this machine; nil where `virsh` is not installed or reaches no daemon.
  static let shared = Libvirt()

  private static let domain = """
    <domain type="qemu"><name>qemuvm-bench</name><memory unit="MiB">16</memory><vcpu>1</vcpu>
    <os><type arch="x86_64" machine="q35">hvm</type></os><devices/></domain>
    """

  private let program: String

  private init?() {
    let path = ChildProcess.environment.first { $0.hasPrefix("PATH=") }?.dropFirst(5) ?? "/usr/bin:/bin"
    let candidates = path.split(separator: ":").map { "\($0)/virsh" }
    guard let program = candidates.first(where: { access($0, X_OK) == 0 }) else { return nil }
    self.program = program
    // A daemon that does not answer is one that is not there.
    guard (try? run(["version"])) != nil else { return nil }
  }

  /// From the command's start to its end: a domain that runs.
  func start(rounds: Int) throws -> Double {
    var template = Array("/tmp/qemuvm-bench-domain.XXXXXX".utf8CString)
    let number = try retrying("mkstemp") { mkstemp(&template) }
    let file = FileDescriptor(owning: number)
    let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    defer { unlink(path) }
    try file.write(Array(Self.domain.utf8))
    var times: [Double] = []
    for _ in 0..<rounds {
      times.append(try run(["create", path]).milliseconds)
      try run(["destroy", "qemuvm-bench"])
    }
    return times.median
  }

  /// `virsh list --all` with the domains that are there.
  func list(rounds: Int) throws -> Double {
    try (0..<rounds).map { _ in try run(["list", "--all"]).milliseconds }.median
  }

  @discardableResult
  private func run(_ arguments: [String]) throws -> Duration {
    let began = Instant.now
    let status = try ChildProcess(ChildProcess.Launch(program: program, arguments: arguments)).wait()
    guard status == .code(0) else { throw MeasurementFailure("'virsh \(arguments[0])' ended with \(status)") }
    return .now - began
  }
}
