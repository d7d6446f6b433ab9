import Glibc
import Host
import JSON
import Machine

/// A real QEMU made from a machine, held before its first instruction, with its monitor on a plain socket.
final class LiveQEMU {
  private let process: ChildProcess
  private let monitor: FileDescriptor
  private let log: String
  private var input: [UInt8] = []
  private var helpers: [ChildProcess] = []

  /// Where a machine's things lie for a test.
  static func paths(in folder: TemporaryFolder) -> MachinePaths {
    MachinePaths(
      serialPorts: [
        MachinePaths.SerialPort(descriptor: 6, log: folder.file("console.log")),
        MachinePaths.SerialPort(descriptor: 10, log: folder.file("serial2.log")),
      ], firmwareROM: folder.file("firmware.rom"),
      firmwareConfig: folder.file("fw-cfg"), vncSocket: folder.file("vnc.sock"),
      uefiVariables: folder.file("uefi-vars.fd"),
      tpmState: folder.file("tpm-state"), helpers: folder.path,
      disks: DiskFolders(kept: folder.path, thrownAway: folder.file("run")),
      firstBoot: FirstBootPlaces(folder: folder.path, ownKeys: folder.file("ssh"), hostAlias: "qemuvm-web"))
  }

  /// Prepares the machine's files, starts QEMU and waits until it has initialised.
  convenience init(_ machine: Machine, in folder: TemporaryFolder) throws {
    for file in machine.filesToPrepare {
      switch file {
      case .write(let bytes, let path):
        try FileSystem.makeDirectory(FileSystem.parent(of: path))
        try FileSystem.replace(path, with: bytes, durable: false)
      case .copyUnlessPresent(let source, let path):
        try FileSystem.replace(path, with: try FileSystem.read(source), durable: false)
      case .folder(let path): try FileSystem.makeDirectory(path)
      case .absent: break
      // A stand-in is there.
      case .image, .firstBoot: break
      }
    }
    let helpers = try machine.helpers.map(Self.start)
    let paths = machine.paths
    try self.init(
      machine.arguments, monitorDescriptor: paths.monitorDescriptor,
      sockets: [
        paths.userMonitorDescriptor: "qmp.sock", paths.serialPorts[0].descriptor: "console.sock",
        paths.serialPorts[1].descriptor: "serial2.sock",
      ],
      in: folder)
    self.helpers = helpers
  }

  /// Starts what serves a device; it ends with QEMU.
  private static func start(_ helper: DeviceHelper) throws -> ChildProcess {
    try FileSystem.makeDirectory(FileSystem.parent(of: helper.socket))
    let listener = try UnixSocket.listen(at: helper.socket)
    let number = listener.rawValue
    _ = try retrying("fcntl") { fcntl(number, F_SETFL, fcntl(number, F_GETFL) & ~O_NONBLOCK) }
    var launch = ChildProcess.Launch(
      program: try helper.program.places.first(where: FileSystem.exists)
        ?? program(helper.program.name), arguments: helper.arguments)
    launch.descriptors = [DeviceHelper.socketDescriptor: listener.rawValue]
    defer { withExtendedLifetime(listener) {} }
    return try ChildProcess(launch)
  }

  /// Hands QEMU a monitor, and listeners at further paths by their descriptors.
  private init(
    _ arguments: [String], monitorDescriptor: Int32, sockets: [Int32: String] = [:],
    in folder: TemporaryFolder
  ) throws {
    log = folder.file("qemu.log")
    let socket = folder.file("monitor.sock")
    // Ours is closed after the start, so that a QEMU that fails ends our connection.
    let listener = try UnixSocket.listen(at: socket)
    monitor = try UnixSocket.connect(to: socket)
    let errors = try FileDescriptor.open(log, O_WRONLY | O_CREAT | O_APPEND)
    var launch = ChildProcess.Launch(program: try Self.program(), arguments: arguments)
    launch.descriptors = [2: errors.rawValue, monitorDescriptor: listener.rawValue]
    for (number, name) in sockets {
      launch.descriptors[number] = try UnixSocket.listen(at: folder.file(name)).release()
    }
    process = try ChildProcess(launch)
    for number in sockets.keys { close(launch.descriptors[number] ?? -1) }
    _ = consume listener
    _ = try reply()
    try execute("qmp_capabilities")
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  @discardableResult
  func execute(_ command: String, _ arguments: JSONObject = [:]) throws -> JSONValue {
    let request: JSONObject = ["execute": .string(command), "arguments": .object(arguments)]
    try monitor.write(JSONValue.object(request).bytes() + [UInt8(ascii: "\n")])
    while true {
      let message = try reply()
      if let result = message["return"] { return result }
      if let error = message["error"] { throw Failure(description: "\(command): \(error)") }
    }
  }

  /// Tells it to quit, and waits until it has.
  func quit() throws -> ExitStatus {
    try execute("quit")
    return wait()
  }

  /// Waits until it has ended by itself.
  func wait() -> ExitStatus {
    let status = process.wait()
    for helper in helpers { _ = helper.wait() }
    return status
  }

  var errors: String {
    get throws { String(decoding: try FileSystem.read(log), as: UTF8.self) }
  }

  private func reply() throws -> JSONValue {
    while true {
      if let end = input.firstIndex(of: UInt8(ascii: "\n")) {
        let line = Array(input[..<end])
        input.removeFirst(end + 1)
        return try JSONValue(parsing: line)
      }
      var poller = pollfd(fd: monitor.rawValue, events: Int16(POLLIN), revents: 0)
      guard poll(&poller, 1, 600_000) > 0 else {
        process.signal(SIGKILL)
        throw Failure(description: "QEMU did not answer in ten minutes, \(process.wait()): \(try errors)")
      }
      let bytes = (try? monitor.read(upTo: 65_536)) ?? []  // a reset connection is an end like any other
      guard !bytes.isEmpty else { throw Failure(description: "QEMU ended, \(process.wait()): \(try errors)") }
      input += bytes
    }
  }

  // MARK: Which

  static func program() throws -> String {
    if let named = getenv("QEMUVM_QEMU") { return String(cString: named) }
    return try program("qemu-system-x86_64")
  }

  /// A program in PATH.
  static func program(_ name: String) throws -> String {
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    for folder in path.split(separator: ":") where FileSystem.exists("\(folder)/\(name)") {
      return "\(folder)/\(name)"
    }
    throw Failure(description: "these tests need the program '\(name)' in PATH")
  }

  /// What this host's QEMU says of itself, asked of it with a machine that has nothing.
  static let emulator: Result<Emulator, any Error> = Result {
    let folder = try TemporaryFolder()
    let monitor = ["-chardev", "socket,id=mon,fd=4,server=on,wait=off", "-mon", "chardev=mon,mode=control"]
    let qemu = try LiveQEMU(
      ["-nodefaults", "-display", "none", "-machine", "none"] + monitor, monitorDescriptor: 4, in: folder)
    let version = try qemu.execute("query-version")["qemu"] ?? .null
    let emulator = Emulator(
      path: try program(), version: try Emulator.Version(json: version),
      machines: try [Emulator.MachineType](json: try qemu.execute("query-machines")))
    _ = try qemu.quit()
    return emulator
  }
}
