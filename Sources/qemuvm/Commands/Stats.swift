internal import Control
internal import Glibc
internal import Host
internal import JSON

/// `qemuvm stats`: what VMs use.
struct Stats: Verb {
  static let name = "stats"
  static let group = VerbGroup.look
  static let farPart = FarPart.wholeVerb
  static let summary = "Show what VMs use: CPU, memory, disks, networks"
  static let discussion = [
    "Once, it shows what each VM has used since its QEMU's start, the share of a host's CPU on the average. With --watch "
      + "it goes on until Ctrl-C, and shows what each uses a second. 100 % is one CPU of the host.",
    "Networks are those of labs; of a card on user nobody counts. A VM whose QEMU does not answer has what the kernel "
      + "tells of it.",
    "--format openmetrics is what Prometheus reads, from a file of node_exporter's textfile collector as well.",
  ]
  static let examples = ["qemuvm stats", "qemuvm stats web --watch", "qemuvm stats --format openmetrics"]
  static let arguments = [
    ArgumentDeclaration(
      "VM", .any, help: "A VM's name, as web or shop/web, or a lab's; none means all there are.",
      completion: .vmsAndLabs)
  ]
  static let options: [any DeclaredOption] = [
    watch, interval, format, CommonOptions.file, CommonOptions.json,
  ]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSuchVM, .noSupervisor]

  private static let watch = Flag("watch", short: "w", help: "Go on, and show what is used a second.")
  static let interval = ValueOption(
    "interval", "T", .duration, help: "From one look to the next (default: 2s).")
  private static let format = ValueOption(
    "format", "NAME", .word(["table", "json", "openmetrics"]), help: "How it is printed (default: table).")

  /// How it is printed.
  private enum Format {
    case table
    case json
    case openMetrics
  }

  private let selection: VMSelection
  private let isWatching: Bool
  private let interval: Duration
  private let format: Format

  init(_ given: GivenArguments) throws(UsageError) {
    selection = VMSelection(given)
    isWatching = given[Self.watch]
    interval = max(.milliseconds(100), given[Self.interval] ?? .seconds(2))
    switch given[Self.format] {
    case "openmetrics": format = .openMetrics
    case "json": format = .json
    case "table": format = .table
    default: format = given[CommonOptions.json] ? .json : .table
    }
    if given[CommonOptions.json], format != .json {
      throw UsageError(.combination("--json and --format name two ways to print"), verb: Self.name)
    }
  }

  func run(_ context: Context) throws -> ExitCode {
    let names = try Self.names(selection, context, verb: Self.name)
    let sampler = try UseSampler(context)
    var uses = try sampler.sample(names)
    try Self.require(names, in: uses)
    guard isWatching else {
      try print(uses, since: [], context)
      return .done
    }
    while true {
      // The time from one look to the next is what --watch is about.
      poll(nil, 0, Int32(clamping: interval.nanoseconds / 1_000_000))
      let earlier = uses
      uses = try sampler.sample(names)
      try print(uses, since: earlier, context)
    }
  }

  /// The VMs that are meant; nil for all.
  static func names(_ selection: VMSelection, _ context: Context, verb: String) throws -> Set<FullName>? {
    guard !selection.names.isEmpty else { return nil }
    let known = try VMStatus.all(context).map(\.name)
    return Set(
      try selection.resolved(in: context, verb: verb).map { vm in
        let written = FullName(written: vm.name)
        if known.contains(written) { return written }
        // A bare name is the only VM's of that name, whatever its lab.
        let others = known.filter { written.lab == nil && $0.name == written.name }
        return others.count == 1 ? others[0] : written
      })
  }

  static func require(_ names: Set<FullName>?, in uses: [VMUse]) throws(CommandFailure) {
    let missing = (names ?? []).subtracting(uses.map(\.vm.name)).sorted()
    guard let first = missing.first else { return }
    throw CommandFailure(.noSuchVM, "\(first)", "no such VM", hints: ["'qemuvm ls' lists them."])
  }

  private func print(_ uses: [VMUse], since earlier: [VMUse], _ context: Context) throws {
    switch format {
    case .openMetrics: try context.output.write(OpenMetrics.text(uses))
    case .json: try context.output.write(json: .array(uses.map { .object($0.json) }))
    case .table:
      let isTerminal = context.output.isTerminal
      let table = UseTable(uses, since: earlier).table().text(context.outputStyle)
      // On a terminal each look takes the place of the one before.
      try context.output.write(
        isWatching ? (isTerminal ? "\u{1B}[H\u{1B}[J" : "") + table + (isTerminal ? "" : "\n") : table)
    }
  }
}
