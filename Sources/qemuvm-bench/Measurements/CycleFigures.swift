internal import Host

/// What the supervisor and its state folder hold before and after many cycles of `up` and `down`.
enum CycleFigures {
  /// Until the heap has its size: its few pages are taken at random moments.
  private static let warmUp = 100

  /// Heap that a run may round up to without it being a leak, in KiB: one byte a cycle would be less.
  private static let slack = 256.0

  @Sendable static func take(_ workshop: Workshop, _ options: Options) throws -> [Figure] {
    for _ in 0..<warmUp { try cycle(workshop) }
    let (before, filesBefore) = try measure(workshop)
    let count = options.rounds(200)
    for _ in 0..<count { try cycle(workshop) }
    let (after, filesAfter) = try measure(workshop)
    func figure(_ what: String, _ unit: Unit, _ before: Double, _ after: Double, slack: Double = 0) -> Figure
    {
      Figure(
        "\(what), before and after \(count) cycles", unit, floor: before, product: after,
        limit: .aboveFloor(slack))
    }
    return [
      figure("descriptors", .count, Double(before.descriptors), Double(after.descriptors)),
      figure("threads", .count, Double(before.threads), Double(after.threads)),
      figure("child processes", .count, Double(before.children), Double(after.children)),
      figure("files of state", .count, Double(filesBefore), Double(filesAfter)),
      figure("resident", .kibibytes, before.residentKiB, after.residentKiB, slack: slack),
    ]
  }

  private static func cycle(_ workshop: Workshop) throws {
    try workshop.run(["up", "--profile", "hello", "--accelerator", "tcg"])
    try GuestConsole.awaitReady(log: workshop.state + "/vms/hello/console.log")
    try workshop.run(["down", "hello"])
  }

  private static func measure(_ workshop: Workshop) throws -> (ProcessUse, files: Int) {
    guard let supervisor = try workshop.supervisor() else { throw MeasurementFailure("no supervisor runs") }
    return (
      try ProcessUse.atRest(pid: supervisor.pid), try files(in: workshop.state) + files(in: workshop.runtime)
    )
  }

  private static func files(in folder: String) throws -> Int {
    try FileSystem.names(in: folder).reduce(0) { sum, name in
      let path = folder + "/" + name
      return sum + (FileSystem.isDirectory(path) ? 1 + (try files(in: path)) : 1)
    }
  }
}
