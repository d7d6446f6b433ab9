internal import Host

/// `ls` with fifty guests, beside `true`; and how long a new supervisor takes to take fifty guests back.
enum ListFigures {
  private static let count = 50

  @Sendable static func take(_ workshop: Workshop, _ options: Options) throws -> [Figure] {
    let lab = try Lab(workshop, name: "list", count: count)
    try workshop.run(["up"], in: lab.folder)
    let list = try series(workshop, rounds: options.rounds(40)).figure(
      "ls with \(count) guests, beside true(1)", .milliseconds, limit: .atMost(10),
      libvirt: try Libvirt.shared?.list(rounds: options.rounds(20)))
    let adoptions = try (0..<options.rounds(10)).map { _ in
      try Adoption.measure(guests: count, workshop).elapsed.milliseconds
    }
    let adoption = Figure(
      "supervisor killed: \(count) guests taken back", .milliseconds, product: adoptions.median,
      limit: .atMost(400))
    return [list, adoption]
  }

  /// `ls` of what there is, beside `true`.
  static func series(_ workshop: Workshop, rounds: Int) throws -> Series {
    try Series(rounds: rounds) {
      let began = Instant.now
      _ = try ChildProcess(ChildProcess.Launch(program: "/bin/true", arguments: [])).wait()
      return (Instant.now - began).milliseconds
    } product: {
      try workshop.run(["ls"]).milliseconds
    }
  }
}
