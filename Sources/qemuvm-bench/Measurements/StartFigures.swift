internal import Host
internal import JSON

/// `up` with the supervisor there, from the command's start to its end, beside a bare QEMU from exec to RESUME.
enum StartFigures {
  @Sendable static func take(_ workshop: Workshop, _ options: Options) throws -> [Figure] {
    var figures = [try figure(workshop, options, accelerator: "tcg")]
    if try automatic(workshop) != "tcg" { figures.append(try figure(workshop, options, accelerator: "auto")) }
    return figures
  }

  /// What `auto` comes to on this machine.
  private static func automatic(_ workshop: Workshop) throws -> String? {
    try workshop.run(["up", "--profile", "hello"])
    let accelerator = try workshop.ask(["status", "hello", "--json"])["accelerator"]?.string
    try workshop.run(["down", "hello"])
    return accelerator
  }

  private static func figure(_ workshop: Workshop, _ options: Options, accelerator: String) throws -> Figure {
    let up = ["up", "--profile", "hello", "--accelerator", accelerator]
    try workshop.run(up)
    let used = try workshop.ask(["status", "hello", "--json"])["accelerator"]?.string ?? accelerator
    let plans = try BareQEMU.Plan.copies(of: "hello", workshop)
    try workshop.run(["down", "hello"])
    let series = try Series(rounds: options.rounds(25)) {
      let began = Instant.now
      let machines = try BareQEMU.start(plans)
      let elapsed = Instant.now - began
      for machine in machines { machine.end() }
      return elapsed.milliseconds
    } product: {
      let elapsed = try workshop.run(up)
      try workshop.run(["kill", "hello"])
      try workshop.run(["rm", "hello"])
      return elapsed.milliseconds
    }
    return series.figure(
      "up of hello to running, \(used)", .milliseconds, limit: .timesFloor(1.25),
      libvirt: used == "tcg" ? try Libvirt.shared?.start(rounds: options.rounds(10)) : nil)
  }
}
