internal import Glibc
internal import Host
internal import JSON

/// A supervisor that was killed, and a new one that takes its guests back.
struct Adoption {
  /// From the new supervisor's start until all guests run as far as it knows.
  let elapsed: Duration

  /// What the new supervisor has used by then.
  let cpu: Duration

  /// Kills the supervisor; with nobody there, runs `between`, and then a new supervisor until it has all guests.
  static func measure(
    guests count: Int, _ workshop: Workshop, between: () throws -> Void = {}
  ) throws -> Adoption {
    let before = try processes(workshop)
    guard let old = try workshop.supervisor() else { throw MeasurementFailure("no supervisor runs") }
    old.signal(SIGKILL)
    _ = old.wait()
    try between()
    let pipe = try FileDescriptor.pipe()
    let log = try FileDescriptor.openLog(workshop.state + "/supervisor.log")
    var launch = ChildProcess.Launch(
      program: workshop.program, arguments: ["supervisor", "run", "--ready-fd", "3"],
      environment: workshop.environment)
    launch.descriptors = [1: log.rawValue, 2: log.rawValue, 3: pipe.writeEnd.rawValue]
    let began = Instant.now
    let supervisor = try ChildProcess(launch)
    let ready = pipe.takeReadEnd()
    guard try ready.read(upTo: 64).starts(with: Array("ok".utf8)) else {
      throw MeasurementFailure("the new supervisor does not listen; see \(workshop.state)/supervisor.log")
    }
    let client = try BareMonitor(connectingTo: workshop.controlSocket)
    try client.send("{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"query-vms\",\"id\":\"all\"}\n")
    // Changes that the reply does not hold yet come as events behind it.
    let reply = try JSONValue(parsing: try client.line(with: "\"id\":\"all\""))
    var running = Set(
      (reply["return"]?.array ?? []).filter { $0["state"] == "running" }.compactMap { $0["name"]?.string })
    while running.count < count {
      let event = try JSONValue(parsing: try client.line(with: "VM_STATE_CHANGED"))
      if event["data"]?["state"] == "running", let name = event["data"]?["name"]?.string {
        running.insert(name)
      }
    }
    let adoption = Adoption(
      elapsed: .now - began, cpu: ProcessTable.use(pid: supervisor.pid)?.cpuTime ?? .zero)
    let after = try processes(workshop)
    guard before == after, after.count == count else {
      throw MeasurementFailure("the guests' processes were \(before), and are \(after) after an adoption")
    }
    return adoption
  }

  /// Each guest's process by its name.
  private static func processes(_ workshop: Workshop) throws -> [String: Int] {
    var processes: [String: Int] = [:]
    for vm in try workshop.ask(["ls", "--json"]).array ?? [] {
      if let name = vm["name"]?.string, let pid = vm["pid"]?.int { processes[name] = pid }
    }
    return processes
  }
}
