internal import Glibc
internal import Host
internal import JSON

/// A place of its own for one run: qemuvm as a user runs it, with a state folder on the machine's disk.
///
/// Every QEMU started here, by qemuvm or bare, holds a lock file below `root` as descriptor 3, so that all of them are
/// found again, whatever happens.
struct Workshop: Sendable {
  /// The descriptor at which a QEMU holds its lock.
  static let lockDescriptor: Int32 = 3

  let program: String
  let root: String
  let runtime: String

  var state: String { root + "/state" }
  var controlSocket: String { runtime + "/qemuvm.sock" }

  /// Makes the folders: beside the build folder, and in /tmp for the sockets, whose paths must be short.
  init(program: String) throws {
    self.program = program
    root = try Self.makeFolder(Self.place(near: program) + "/bench.XXXXXX")
    runtime = try Self.makeFolder("/tmp/qemuvm-bench.XXXXXX")
  }

  /// The folder named `.build` that the program lies in, else the program's own; /var/tmp where paths grow too long.
  private static func place(near program: String) -> String {
    let parent = FileSystem.parent(of: program)
    let parts = parent.split(separator: "/", omittingEmptySubsequences: false)
    var place = parent
    if let build = parts.lastIndex(of: ".build") { place = parts[...build].joined(separator: "/") }
    let longest = place + "/bench.XXXXXX/state/vms/laboratory/guest-50/monitor.sock"
    return longest.utf8.count <= UnixSocket.longestPath ? place : "/var/tmp"
  }

  private static func makeFolder(_ pattern: String) throws -> String {
    var template = Array(pattern.utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp", pattern) }
    return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  // MARK: Running qemuvm

  /// Runs one command to its end, and gives the time from its start to its end.
  @discardableResult
  func run(_ arguments: [String], in directory: String? = nil) throws -> Duration {
    var launch = ChildProcess.Launch(program: program, arguments: arguments, environment: environment)
    let output = try FileDescriptor.open(outputFile, O_WRONLY | O_CREAT | O_TRUNC)
    let errors = try FileDescriptor.open(errorFile, O_WRONLY | O_CREAT | O_TRUNC)
    launch.descriptors = [1: output.rawValue, 2: errors.rawValue]
    launch.directory = directory ?? root
    let began = Instant.now
    let status = try ChildProcess(launch).wait()
    let elapsed = Instant.now - began
    guard status == .code(0) else {
      let words = String(decoding: try FileSystem.read(errorFile), as: UTF8.self)
      throw MeasurementFailure("'qemuvm \(arguments.joined(separator: " "))' ended with \(status): \(words)")
    }
    return elapsed
  }

  /// Runs one command that prints JSON.
  func ask(_ arguments: [String]) throws -> JSONValue {
    try run(arguments)
    return try JSONValue(parsing: try FileSystem.read(outputFile))
  }

  private var outputFile: String { root + "/output" }
  private var errorFile: String { root + "/errors" }

  var environment: [String] {
    let ours = [
      "QEMUVM_STATE_DIR=" + state, "QEMUVM_RUNTIME_DIR=" + runtime,
      "QEMUVM_CONFIG_DIR=" + root + "/configuration",
      // The supervisor stays for as long as it is measured.
      "QEMUVM_IDLE_SECONDS=3600",
    ]
    return ChildProcess.environment.filter { entry in
      !ours.contains { entry.hasPrefix($0.prefix { $0 != "=" } + "=") }
    } + ours
  }

  // MARK: The end

  /// Ends everything that was started here, by pidfd, and empties the folders.
  func empty() throws {
    if let supervisor = try supervisor() { end(supervisor) }
    for (pid, file) in ProcessTable.processes(holding: Self.lockDescriptor, below: root) {
      let process = try ChildProcess(adopting: pid)
      guard ProcessTable.heldFile(pid: pid, descriptor: Self.lockDescriptor) == file else { continue }
      end(process)
    }
    for folder in [root, runtime] {
      try FileSystem.removeTree(folder)
      try FileSystem.makeDirectory(folder)
    }
  }

  /// As above, and removes the folders.
  func remove() throws {
    try empty()
    try FileSystem.removeTree(root)
    try FileSystem.removeTree(runtime)
  }

  /// The supervisor that holds this state; nil when none does.
  func supervisor() throws -> ChildProcess? {
    guard let pid = ProcessLock.holder(state + "/supervisor.lock") else { return nil }
    let process = try ChildProcess(adopting: pid)
    return ProcessLock.holder(state + "/supervisor.lock") == pid ? process : nil
  }

  private func end(_ process: ChildProcess) {
    process.signal(SIGKILL)
    _ = process.wait()
  }
}
