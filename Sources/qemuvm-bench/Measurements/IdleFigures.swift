internal import Glibc
internal import Host
internal import JSON

/// What the supervisor costs while its guests are quiet: memory, and how often it wakes.
enum IdleFigures {
  private static let few = 10

  @Sendable static func take(_ workshop: Workshop, _ options: Options) throws -> [Figure] {
    let many = options.isQuick ? 50 : 200
    let lab = try Lab(workshop, name: "idle", count: many)
    try workshop.run(["up"] + lab.names.prefix(few), in: lab.folder)
    for name in lab.names.prefix(few) {
      try GuestConsole.awaitReady(log: try consoleLog(of: name, workshop))
    }
    guard let supervisor = try workshop.supervisor() else { throw MeasurementFailure("no supervisor runs") }
    let seconds: UInt32 = options.isQuick ? 20 : 60
    let before = try ProcessUse.atRest(pid: supervisor.pid)
    sleep(seconds)
    let after = try ProcessUse(pid: supervisor.pid)
    try workshop.run(["up"], in: lab.folder)
    let atOnce = try ProcessUse(pid: supervisor.pid)
    let full = try ProcessUse.atRest(pid: supervisor.pid)
    func each(_ use: ProcessUse) -> Double { (use.residentKiB - after.residentKiB) / Double(many - few) }
    return [
      Figure(
        "idle \(seconds) s with \(few) guests: context switches", .count,
        product: Double(after.contextSwitches(since: before)), limit: .atMost(3)),
      Figure(
        "idle \(seconds) s with \(few) guests: CPU", .milliseconds,
        product: (after.cpuTime - before.cpuTime).milliseconds, limit: .atMost(0)),
      Figure(
        "supervisor resident with \(few) guests", .mebibytes, product: after.residentKiB / 1024,
        limit: .atMost(16)),
      Figure(
        "  for each further one up to \(many)", .kibibytes, product: each(full), limit: .atMost(60)),
      Figure("  the same at the end of their 'up'", .kibibytes, product: each(atOnce), limit: .atMost(60)),
    ]
  }

  private static func consoleLog(of guest: String, _ workshop: Workshop) throws -> String {
    guard let path = try workshop.ask(["status", "idle/" + guest, "--json"])["consoleLog"]?.string else {
      throw MeasurementFailure("\(guest) has no console log")
    }
    return path
  }
}
