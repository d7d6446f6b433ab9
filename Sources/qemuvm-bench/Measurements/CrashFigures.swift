internal import Glibc
internal import Host
internal import JSON

/// From `kill -9` of a QEMU whose policy restarts it at once to the next one, beside reaping and a bare start.
enum CrashFigures {
  @Sendable static func take(_ workshop: Workshop, _ options: Options) throws -> [Figure] {
    let lab = try Lab(
      workshop, name: "crash", count: 1, settings: ["accelerator": "tcg", "restart": ["delay": "0ms"]])
    try workshop.run(["up"], in: lab.folder)
    let plans = try BareQEMU.Plan.copies(of: "crash/guest-1", workshop)
    let watch = try ExecutionWatch.start(plans[0].program)
    let client = try BareMonitor(connectingTo: workshop.controlSocket)
    try client.send("{\"execute\":\"qmp_capabilities\"}\n")
    try client.line(with: "\"return\"")

    var executions: [Double] = []
    var reaps: [Double] = []
    let series = try Series(rounds: options.rounds(50)) {
      let began = Instant.now
      let machine = try BareQEMU.start(plans)[0]
      let elapsed = Instant.now - began
      let killed = Instant.now
      machine.end()
      reaps.append((Instant.now - killed).milliseconds)
      return elapsed.milliseconds
    } product: {
      let (execution, running) = try crash(workshop, client, watch)
      executions.append(execution.milliseconds)
      return running.milliseconds
    }
    return [
      Figure(
        "QEMU killed: to the next exec, beside reaping", .milliseconds, floor: reaps.median,
        product: executions.median, limit: .atMost(7)),
      series.figure("QEMU killed: to running, beside a bare start", .milliseconds, limit: .timesFloor(1.2)),
    ]
  }

  /// Kills the guest's QEMU; the times until the next is executed and until its guest runs.
  private static func crash(
    _ workshop: Workshop, _ client: BareMonitor, _ watch: borrowing ExecutionWatch
  ) throws -> (execution: Duration, running: Duration) {
    try client.send("{\"execute\":\"query-vms\",\"id\":\"all\"}\n")
    let reply = try JSONValue(parsing: try client.line(with: "\"id\":\"all\""))
    guard let pid = reply["return"]?.array?.first?["pid"]?.int32 else {
      throw MeasurementFailure("no guest runs")
    }
    let process = try ChildProcess(adopting: pid)
    guard
      ProcessTable.heldFile(pid: pid, descriptor: Workshop.lockDescriptor)?.hasPrefix(workshop.state) == true
    else {
      throw MeasurementFailure("process \(pid) is no QEMU of this run")
    }
    try watch.forget()
    let began = Instant.now
    process.signal(SIGKILL)
    try watch.await()
    let execution = Instant.now - began
    while true {
      let event = try JSONValue(parsing: try client.line(with: "VM_STATE_CHANGED"))
      if event["data"]?["state"] == "running" { return (execution, .now - began) }
    }
  }
}

extension JSONValue {
  fileprivate var int32: Int32? { int.flatMap { Int32(exactly: $0) } }
}

/// Tells when a program is executed, by the opening of its file; corresponds to inotify(7) IN_OPEN.
struct ExecutionWatch: ~Copyable {
  private let descriptor: FileDescriptor

  /// From here on no execution is missed.
  static func start(_ program: String) throws -> ExecutionWatch {
    let number = try retrying("inotify_init1") { inotify_init1(Int32(IN_CLOEXEC)) }
    let descriptor = FileDescriptor(owning: number)
    _ = try retrying("inotify_add_watch", program) { inotify_add_watch(number, program, UInt32(IN_OPEN)) }
    return ExecutionWatch(descriptor: descriptor)
  }

  /// Waits for the next execution.
  borrowing func await() throws {
    _ = try descriptor.read(upTo: 4096)
  }

  /// Drops what was told before.
  borrowing func forget() throws {
    var poller = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
    while try retrying("poll", nil, { poll(&poller, 1, 0) }) > 0 { _ = try descriptor.read(upTo: 4096) }
  }
}
