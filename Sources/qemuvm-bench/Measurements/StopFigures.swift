internal import Host

/// `down` of a guest that takes its power button, beside the button over bare QMP to the end of QEMU.
enum StopFigures {
  private static let up = ["up", "--profile", "hello", "--accelerator", "tcg"]

  @Sendable static func take(_ workshop: Workshop, _ options: Options) throws -> [Figure] {
    try workshop.run(up)
    let plans = try BareQEMU.Plan.copies(of: "hello", workshop)
    try workshop.run(["down", "hello"])
    let series = try Series(rounds: options.rounds(50)) {
      try bare(plans)
    } product: {
      try workshop.run(up)
      try GuestConsole.awaitReady(log: workshop.state + "/vms/hello/console.log")
      return try workshop.run(["down", "hello"]).milliseconds
    }
    return [series.figure("down of hello, button to end, tcg", .milliseconds, limit: .aboveFloor(12))]
  }

  private static func bare(_ plans: [BareQEMU.Plan]) throws -> Double {
    let machine = try BareQEMU.start(plans)[0]
    try GuestConsole.awaitReady(log: machine.consoleLog)
    let began = Instant.now
    try machine.monitor.send(
      """
      {"execute":"set-action","arguments":{"shutdown":"poweroff"}}
      {"execute":"system_powerdown"}

      """)
    let status = machine.process.wait()
    let elapsed = Instant.now - began
    guard status == .code(0) else { throw MeasurementFailure("a bare QEMU ended with \(status)") }
    return elapsed.milliseconds
  }
}
