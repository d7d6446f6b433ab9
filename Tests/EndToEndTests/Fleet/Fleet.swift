import Glibc
import Host
import JSON
import Synchronization
import Testing

/// A world of its own for one test: folders, the built binary, a supervisor that no other test shares.
///
/// It lies under /tmp, because a socket's path must be short.
final class Fleet: Sendable {
  /// The binary under test: `QEMUVM_BINARY`, or the one built beside the tests.
  static let binary: String = {
    if let named = variable("QEMUVM_BINARY") { return named }
    let tests = FileSystem.linkTarget("/proc/self/exe") ?? "."
    return FileSystem.parent(of: tests) + "/qemuvm"
  }()

  let root: String
  var state: String { root + "/state" }
  var runtime: String { root + "/run" }
  var configuration: String { root + "/config" }

  /// The working directory of every command, where a lab file lies.
  var folder: String { root + "/lab" }
  var controlSocket: String { runtime + "/qemuvm.sock" }

  /// The whole environment of every command, as `NAME=value`.
  let environment: [String]

  private let held = Mutex<[ByteStream]>([])

  /// Where file systems are mounted for this test, in that order.
  private let mounts = Mutex<[String]>([])
  private let mountServers = Mutex<[Program]>([])

  private init(variables: [String: String]) throws {
    var template = Array("/tmp/qemuvm.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp") }
    let root = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    self.root = root
    var variables = [
      "PATH": Self.variable("PATH") ?? "/usr/bin:/bin", "HOME": root, "TERM": "xterm",
      "QEMUVM_STATE_DIR": root + "/state", "QEMUVM_RUNTIME_DIR": root + "/run",
      "QEMUVM_CONFIG_DIR": root + "/config",
    ].merging(variables) { $1 }
    if variables["QEMUVM_QEMU"] == nil { variables["QEMUVM_QEMU"] = Self.variable("QEMUVM_QEMU") }
    environment = variables.map { "\($0)=\($1)" }.sorted()
    try FileSystem.makeDirectory(root + "/lab")
  }

  /// Makes a fleet, gives it to the test and clears it away whatever happens.
  ///
  /// A process or socket that the product leaves behind fails the test. With `QEMUVM_SLOW_CALLS`, 30 for instance, so
  /// many of a thousand of qemuvm's system calls wait for a moment: what holds in one order alone fails.
  static func run(
    _ variables: [String: String] = [:], _ test: (Fleet) async throws -> Void
  ) async throws {
    var variables = variables
    if let often = variable("QEMUVM_SLOW_CALLS"), variables["LD_PRELOAD"] == nil {
      variables["LD_PRELOAD"] = try await Guests.slowCalls()
      variables["QEMUVM_SLOW_CALLS"] = often
    }
    let fleet = try Fleet(variables: variables)
    do {
      try await test(fleet)
    } catch {
      await fleet.describeToTheReader()
      await fleet.killEverything()
      if variable("QEMUVM_KEEP") != nil {
        print("kept for a look: \(fleet.root)")
      } else {
        try await fleet.clear()
      }
      throw error
    }
    try await fleet.end()
  }

  /// Starts a command of the binary.
  func start(_ arguments: [String], in directory: String? = nil) throws -> Program {
    try Program(Self.binary, arguments, environment: environment, directory: directory ?? folder)
  }

  /// Runs a command of the binary to its end; another exit code than expected fails the test.
  @discardableResult
  func qemuvm(
    _ arguments: String..., expecting code: Int32 = 0, in directory: String? = nil
  ) async throws -> Program.Outcome {
    try await qemuvm(arguments, expecting: code, in: directory)
  }

  @discardableResult
  func qemuvm(
    _ arguments: [String], expecting code: Int32 = 0, in directory: String? = nil
  ) async throws -> Program.Outcome {
    let outcome = try await start(arguments, in: directory).end()
    guard outcome.status == .code(code) else {
      throw Program.UnexpectedEnd(outcome: outcome, expected: .code(code))
    }
    return outcome
  }

  /// What a command prints with `--json`.
  func json(_ arguments: String...) async throws -> JSONValue {
    let outcome = try await qemuvm(arguments + ["--json"])
    return try JSONValue(parsing: Array(outcome.output.utf8))
  }

  /// A VM's object as `status --json` prints it.
  func status(_ name: String) async throws -> JSONValue { try await json("status", name) }

  /// The names that `ls` lists, with the lab where there is one.
  func names() async throws -> [String] {
    try #require(try await json("ls").array).map { vm in
      (vm["lab"]?.string.map { $0 + "/" } ?? "") + (vm["name"]?.string ?? "")
    }
  }

  /// Writes a file into the working directory and returns its path.
  @discardableResult
  func write(_ text: String, to name: String = "qemuvm.json5") throws -> String {
    let path = FileSystem.absolute(name, in: folder)
    try FileSystem.makeDirectory(FileSystem.parent(of: path))
    try FileSystem.replace(path, with: Array(text.utf8), durable: false)
    return path
  }

  func text(of path: String) throws -> String {
    String(decoding: try FileSystem.read(path), as: UTF8.self)
  }

  /// Keeps a connection open until the test has ended.
  func hold(_ stream: ByteStream) {
    held.withLock { $0.append(stream) }
  }

  /// Mounts a file system on a folder until the test has ended; the arguments are mount(8)'s.
  ///
  /// False, with nothing done, where this user or this host may not.
  func mount(_ arguments: [String], on folder: String) async throws -> Bool {
    try FileSystem.makeDirectory(folder)
    let outcome = try await tool("mount", arguments + [folder])
    guard outcome.code == 0 else { return false }
    isMounted(folder)
    return true
  }

  /// Remembers that something was mounted on a folder.
  func isMounted(_ folder: String) {
    mounts.withLock { $0.append(folder) }
  }

  /// Remembers a program that serves a mount.
  func isServed(by server: Program) {
    mountServers.withLock { $0.append(server) }
  }

  /// Ends those programs: what waits for one is not to be ended before.
  func endMountServers() {
    for server in mountServers.withLock({ $0 }) { server.signal(SIGKILL) }
  }

  /// Takes the last mount away, also while somebody has files of it open.
  func unmount() async throws {
    if let folder = mounts.withLock({ $0.last }) { try await unmount(folder) }
  }

  /// Takes a mount away, also while somebody has files of it open.
  func unmount(_ folder: String) async throws {
    mounts.withLock { mounts in
      if let last = mounts.lastIndex(of: folder) { mounts.remove(at: last) }
    }
    let outcome = try await tool("umount", ["--lazy", folder])
    guard outcome.code == 0 else { throw Program.UnexpectedEnd(outcome: outcome, expected: .code(0)) }
  }

  /// Removes everything of it from the disk.
  func clear() async throws {
    while mounts.withLock({ !$0.isEmpty }) { try await unmount() }
    try FileSystem.removeTree(root)
  }

  /// Runs a program of the host to its end.
  func tool(_ name: String, _ arguments: [String]) async throws -> Program.Outcome {
    try await Program("/usr/bin/env", [name] + arguments, environment: ChildProcess.environment).end()
  }

  static func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }
}
