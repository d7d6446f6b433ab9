internal import Glibc
internal import Host

/// A QEMU with nothing between it and this program: the floor under what qemuvm does.
///
/// It gets the very arguments and descriptors that qemuvm gives its own.
final class BareQEMU {
  /// How one is started.
  struct Plan {
    let program: String
    let arguments: [String]

    /// Where its files and sockets lie.
    let folder: String

    /// The descriptors on which its arguments say that it listens: `socket,id=mon,fd=4,server=on`.
    var listeners: [Int32] {
      arguments.filter { $0.contains("server=on") }.flatMap { $0.split(separator: ",") }
        .filter { $0.hasPrefix("fd=") }.compactMap { Int32($0.dropFirst(3)) }
    }

    /// Where the socket of such a descriptor stands.
    func socket(_ descriptor: Int32) -> String { "\(folder)/\(descriptor).sock" }
  }

  private static let monitorDescriptor: Int32 = 4

  let plan: Plan
  let process: ChildProcess
  let monitor: BareMonitor

  var consoleLog: String { plan.folder + "/console.log" }

  /// Executes it, its monitor listened on and connected to before.
  init(_ plan: Plan) throws {
    self.plan = plan
    for stale in ["console.sock", "qmp.sock", "console.log"] {
      try FileSystem.remove(plan.folder + "/" + stale)
    }
    guard let lock = try FileLock.take(plan.folder + "/lock") else {
      throw MeasurementFailure("\(plan.folder) is in use by another QEMU")
    }
    var launch = ChildProcess.Launch(program: plan.program, arguments: plan.arguments)
    launch.descriptors[Workshop.lockDescriptor] = lock.descriptor.rawValue
    // Ours until QEMU has them.
    var listeners: [Int32] = []
    defer { for listener in listeners { _ = FileDescriptor(owning: listener) } }
    for descriptor in plan.listeners {
      let listener = try UnixSocket.listen(at: plan.socket(descriptor)).release()
      listeners.append(listener)
      launch.descriptors[descriptor] = listener
    }
    monitor = try BareMonitor(connectingTo: plan.socket(Self.monitorDescriptor))
    process = try ChildProcess(launch)
  }

  /// Starts all at once and waits until the vCPUs of each run: greeting, capabilities, `cont`, RESUME.
  static func start(_ plans: [Plan]) throws -> [BareQEMU] {
    let machines = try plans.map { try BareQEMU($0) }
    var waiting = machines
    while !waiting.isEmpty {
      var running: [Int] = []
      for index in try awaitInput(from: waiting.map(\.monitor)) where try waiting[index].advance() {
        running.append(index)
      }
      for index in running.reversed() { waiting.remove(at: index) }
    }
    return machines
  }

  /// Goes one step on; true when the vCPUs run.
  private func advance() throws -> Bool {
    try monitor.readInput()
    while let line = monitor.takeLine() {
      if line.contains("\"QMP\"") {
        try monitor.send("{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"cont\"}\n")
      } else if line.contains("\"RESUME\"") {
        return true
      }
    }
    return false
  }

  /// Ends it the hard way.
  func end() {
    process.signal(SIGKILL)
    _ = process.wait()
  }
}
