internal import Glibc
internal import Host

/// What grows with the number of guests: `up`, `ls`, adoption and the supervisor's CPU, each beside a bare loop that does
/// the same to the same QEMUs.
///
/// The bare loop starts them with the arguments that qemuvm gave its own, or connects to each, negotiates, and asks for
/// its UUID and run state.
enum ScaleFigures {
  @Sendable static func take(_ workshop: Workshop, _ options: Options) throws -> [Figure] {
    try raiseDescriptorLimit()
    var figures: [Figure] = []
    for count in options.isQuick ? [50] : [50, 200, 500] {
      figures += try take(workshop, count: count, rounds: count > 100 ? 2 : options.rounds(6))
      try workshop.empty()
    }
    return figures
  }

  private static func take(_ workshop: Workshop, count: Int, rounds: Int) throws -> [Figure] {
    let lab = try Lab(workshop, name: "scale", count: count)
    try workshop.run(["up"], in: lab.folder)
    let plans = try BareQEMU.Plan.copies(of: "scale/guest-1", count: count, workshop)
    let starts = try starts(workshop, lab, plans, rounds: rounds)
    try workshop.run(["up"], in: lab.folder)
    let list = try ListFigures.series(workshop, rounds: rounds * 3)
    let adoptions = try adoptions(workshop, count: count, rounds: rounds)
    return [
      starts.elapsed.figure("up of \(count) guests, tcg", .milliseconds, limit: .timesFloor(1.15)),
      starts.cpu.figure("  the supervisor's CPU", .milliseconds, limit: nil),
      list.figure("ls with \(count) guests, beside true(1)", .milliseconds, limit: nil),
      adoptions.elapsed.figure("\(count) guests taken back", .milliseconds, limit: .timesFloor(2)),
      adoptions.cpu.figure("  the supervisor's CPU", .milliseconds, limit: nil),
    ]
  }

  /// The time until all guests run, and what starting them took of the one who did: the supervisor, or this process.
  private static func starts(
    _ workshop: Workshop, _ lab: Lab, _ plans: [BareQEMU.Plan], rounds: Int
  ) throws -> (elapsed: Series, cpu: Series) {
    var (floorCPU, productCPU): ([Double], [Double]) = ([], [])
    try workshop.run(["kill"] + lab.names, in: lab.folder)
    let elapsed = try Series(rounds: rounds) {
      let (began, cpu) = (Instant.now, ownCPU)
      let machines = try BareQEMU.start(plans)
      let elapsed = Instant.now - began
      floorCPU.append((ownCPU - cpu).milliseconds)
      for machine in machines { machine.end() }
      return elapsed.milliseconds
    } product: {
      // As a developer does it each morning: what was there before is gone.
      try workshop.run(["rm"] + lab.names, in: lab.folder)
      let cpu = try supervisorCPU(workshop)
      let elapsed = try workshop.run(["up"], in: lab.folder)
      productCPU.append((try supervisorCPU(workshop) - cpu).milliseconds)
      try workshop.run(["kill"] + lab.names, in: lab.folder)
      return elapsed.milliseconds
    }
    return (elapsed, Series(floor: floorCPU, product: productCPU))
  }

  /// The time until all guests are known, with nobody in between, and what that took of the one who asked.
  private static func adoptions(
    _ workshop: Workshop, count: Int, rounds: Int
  ) throws -> (elapsed: Series, cpu: Series) {
    var (floor, product, floorCPU, productCPU): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
    for round in 0...rounds {
      let adoption = try Adoption.measure(guests: count, workshop) {
        let (began, cpu) = (Instant.now, ownCPU)
        try askAll(workshop, count: count)
        guard round > 0 else { return }
        floor.append((.now - began).milliseconds)
        floorCPU.append((ownCPU - cpu).milliseconds)
      }
      guard round > 0 else { continue }
      product.append(adoption.elapsed.milliseconds)
      productCPU.append(adoption.cpu.milliseconds)
    }
    return (Series(floor: floor, product: product), Series(floor: floorCPU, product: productCPU))
  }

  /// Finds every QEMU by the lock that it holds and asks all at once what a new supervisor must know of them.
  private static func askAll(_ workshop: Workshop, count: Int) throws {
    let found = ProcessTable.processes(holding: Workshop.lockDescriptor, below: workshop.state)
    var waiting = try found.map { _, lock in
      try BareMonitor(connectingTo: FileSystem.parent(of: lock) + "/monitor.sock")
    }
    guard waiting.count == count else {
      throw MeasurementFailure("\(waiting.count) QEMUs hold a lock, not \(count)")
    }
    for monitor in waiting {
      try monitor.send(
        "{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"query-uuid\"}\n"
          + "{\"execute\":\"query-status\",\"id\":\"last\"}\n")
    }
    while !waiting.isEmpty {
      var answered: [Int] = []
      for index in try awaitInput(from: waiting) {
        try waiting[index].readInput()
        while let line = waiting[index].takeLine() {
          if line.contains("\"last\"") { answered.append(index) }
        }
      }
      for index in answered.reversed() { waiting.remove(at: index) }
    }
  }

  private static func supervisorCPU(_ workshop: Workshop) throws -> Duration {
    guard let supervisor = try workshop.supervisor(), let use = ProcessTable.use(pid: supervisor.pid) else {
      throw MeasurementFailure("no supervisor runs")
    }
    return use.cpuTime
  }

  /// A bare QEMU costs this process two descriptors.
  private static func raiseDescriptorLimit() throws {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    _ = try retrying("getrlimit") { getrlimit(resource, &limit) }
    limit.rlim_cur = limit.rlim_max
    _ = try retrying("setrlimit") { setrlimit(resource, &limit) }
  }
}
