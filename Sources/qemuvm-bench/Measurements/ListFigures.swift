internal import Glibc
internal import Host
internal import JSON

/// `ls` with fifty guests, beside `true`; and how long a new supervisor takes to take fifty guests back.
enum ListFigures {
  private static let count = 50

  @Sendable static func take(_ workshop: Workshop, _ options: Options) throws -> [Figure] {
    let lab = try Lab(workshop, name: "list", count: count)
    try workshop.run(["up"], in: lab.folder)
    let series = try Series(rounds: options.rounds(40)) {
      let began = Instant.now
      _ = try ChildProcess(ChildProcess.Launch(program: "/bin/true", arguments: [])).wait()
      return (Instant.now - began).milliseconds
    } product: {
      try workshop.run(["ls"]).milliseconds
    }
    let list = series.figure(
      "ls with \(count) guests, beside true(1)", .milliseconds, limit: .atMost(10),
      libvirt: try Libvirt.shared?.list(rounds: options.rounds(20)))
    return [list, try adoption(workshop, options)]
  }

  private static func adoption(_ workshop: Workshop, _ options: Options) throws -> Figure {
    let before = try processes(workshop)
    var times: [Double] = []
    for _ in 0..<options.rounds(10) { times.append(try adopt(workshop).milliseconds) }
    let after = try processes(workshop)
    guard before == after, after.count == count else {
      throw MeasurementFailure("the guests' processes were \(before), and are \(after) after adoptions")
    }
    return Figure(
      "supervisor killed: \(count) guests taken back", .milliseconds, product: times.median,
      limit: .atMost(400))
  }

  /// Each guest's process by its name.
  private static func processes(_ workshop: Workshop) throws -> [String: Int] {
    var processes: [String: Int] = [:]
    for vm in try workshop.ask(["ls", "--json"]).array ?? [] {
      if let name = vm["name"]?.string, let pid = vm["pid"]?.int { processes[name] = pid }
    }
    return processes
  }

  /// Kills the supervisor; the time from a new one's start until all guests run as far as it knows.
  private static func adopt(_ workshop: Workshop) throws -> Duration {
    guard let old = try workshop.supervisor() else { throw MeasurementFailure("no supervisor runs") }
    old.signal(SIGKILL)
    _ = old.wait()
    let pipe = try FileDescriptor.pipe()
    let log = try FileDescriptor.openLog(workshop.state + "/supervisor.log")
    var launch = ChildProcess.Launch(
      program: workshop.program, arguments: ["supervisor", "run", "--ready-fd", "3"],
      environment: workshop.environment)
    launch.descriptors = [1: log.rawValue, 2: log.rawValue, 3: pipe.writeEnd.rawValue]
    let began = Instant.now
    _ = try ChildProcess(launch)
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
    return .now - began
  }
}
