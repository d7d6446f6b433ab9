internal import Host

/// `up` of twenty guests from one lab file, beside twenty bare QEMUs started at once.
enum FleetFigures {
  private static let count = 20

  @Sendable static func take(_ workshop: Workshop, _ options: Options) throws -> [Figure] {
    let lab = try Lab(workshop, name: "fleet", count: count)
    try workshop.run(["up"], in: lab.folder)
    let plans = try BareQEMU.Plan.copies(of: "fleet/guest-1", count: count, workshop)
    try workshop.run(["kill"] + lab.names, in: lab.folder)
    let series = try Series(rounds: options.rounds(10)) {
      let began = Instant.now
      let machines = try BareQEMU.start(plans)
      let elapsed = Instant.now - began
      for machine in machines { machine.end() }
      return elapsed.milliseconds
    } product: {
      // As a developer does it each morning: what was there before is gone.
      try workshop.run(["rm"] + lab.names, in: lab.folder)
      let elapsed = try workshop.run(["up"], in: lab.folder)
      try workshop.run(["kill"] + lab.names, in: lab.folder)
      return elapsed.milliseconds
    }
    return [
      series.figure("up of \(count) guests from one file, tcg", .milliseconds, limit: .timesFloor(1.25))
    ]
  }
}
