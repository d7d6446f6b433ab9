internal import Control
internal import JSON

/// `qemuvm network ls`: the private networks of labs, and what passes through them.
struct NetworkList: Verb {
  static let name = "network ls"
  static let group = VerbGroup.look
  static let summary = "List the private networks of labs: their switches, ports, frames and drops"
  static let discussion = [
    "A network's switch runs while a VM is on it, and is started again when it dies. IN and OUT count the frames from and "
      + "to a VM since its switch was started, DROPS those that were not let through; --json tells why, port by port."
  ]
  static let examples = ["qemuvm network ls", "qemuvm network ls --json"]
  static let options: [any DeclaredOption] = [CommonOptions.json]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSupervisor]

  /// A switch that does not answer is waited for a moment.
  private static let patience: Duration = .seconds(30)

  private let isJSON: Bool

  init(_ given: GivenArguments) {
    isJSON = given[CommonOptions.json]
  }

  func run(_ context: Context) throws -> ExitCode {
    let reply = try SupervisorConnector(context: context).ask(
      .queryNetworks(counters: true), deadline: Self.patience)
    if isJSON {
      try context.output.write(json: reply)
    } else {
      let networks = try (reply.array ?? []).map { try NetworkReport(json: $0) }
      try context.output.write(
        networks.map { Self.text($0, context.outputStyle) }.joined(separator: "\n"))
    }
    return .done
  }

  /// A network's line, and a table of its ports.
  static func text(_ network: NetworkReport, _ style: TextStyle) -> String {
    let state = style.state(network.state.text, network.state.known)
    let subnet = network.subnet.map { " \($0)" } ?? ""
    let head = "\(Printable.line("\(network.name)"))\(subnet)  \(state): \(Printable.line(network.cause))\n"
    guard !network.ports.isEmpty else { return head }
    var table = Table([
      ("  VM", .left), ("ADDRESS", .left), ("MAC", .left), ("IN", .right), ("OUT", .right), ("DROPS", .right),
    ])
    for port in network.ports {
      func counter(_ name: String) -> String { port.counters?[name].map { "\($0)" } ?? "-" }
      let drops = port.counters?["drops"]?.object.map { $0.reduce(0) { $0 + ($1.value.int ?? 0) } }
      table.add([
        Table.Cell("  " + Printable.line(port.vm)), Table.Cell(port.address ?? "-"), Table.Cell(port.mac),
        Table.Cell(counter("framesIn")), Table.Cell(counter("framesOut")),
        Table.Cell(drops.map { "\($0)" } ?? "-"),
      ])
    }
    return head + table.text(style)
  }
}
