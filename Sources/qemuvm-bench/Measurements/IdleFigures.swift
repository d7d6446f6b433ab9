internal import Glibc
internal import Host
internal import JSON

/// What the supervisor costs while its guests are quiet: memory, and how often it wakes.
enum IdleFigures {
  private static let few = 10
  private static let many = 50

  @Sendable static func take(_ workshop: Workshop, _ options: Options) throws -> [Figure] {
    let lab = try Lab(workshop, name: "idle", count: many)
    try workshop.run(["up"] + lab.names.prefix(few), in: lab.folder)
    for name in lab.names.prefix(few) {
      try GuestConsole.awaitReady(log: try consoleLog(of: name, workshop))
    }
    guard let supervisor = try workshop.supervisor() else { throw MeasurementFailure("no supervisor runs") }
    let seconds: UInt32 = options.isQuick ? 5 : 20
    let before = try ProcessUse(pid: supervisor.pid)
    let usedBefore = ProcessTable.use(pid: supervisor.pid)?.cpuTime ?? .zero
    // Idleness is what is measured here: there is nothing to wait for.
    sleep(seconds)
    let after = try ProcessUse(pid: supervisor.pid)
    let used = (ProcessTable.use(pid: supervisor.pid)?.cpuTime ?? .zero) - usedBefore
    try workshop.run(["up"], in: lab.folder)
    let full = try ProcessUse(pid: supervisor.pid)
    return [
      Figure(
        "idle \(seconds) s with \(few) guests: context switches", .count,
        product: Double(after.contextSwitches - before.contextSwitches), limit: .atMost(2)),
      Figure(
        "idle \(seconds) s with \(few) guests: CPU", .milliseconds, product: used.milliseconds,
        limit: .atMost(10)),
      Figure(
        "supervisor resident with \(few) guests", .mebibytes, product: after.residentKiB / 1024,
        limit: .atMost(16)),
      Figure(
        "supervisor resident for each further guest", .kibibytes,
        product: (full.residentKiB - after.residentKiB) / Double(many - few), limit: .atMost(60)),
    ]
  }

  private static func consoleLog(of guest: String, _ workshop: Workshop) throws -> String {
    guard let path = try workshop.ask(["status", "idle/" + guest, "--json"])["consoleLog"]?.string else {
      throw MeasurementFailure("\(guest) has no console log")
    }
    return path
  }
}
