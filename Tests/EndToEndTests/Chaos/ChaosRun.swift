import Dispatch
import Glibc
import Host
import JSON

/// A fleet under faults: what was done to it, what must have come of it, and what was seen.
actor ChaosRun {
  /// How long the fleet may take to come to rest, and a command to end.
  static let patience: Duration = .seconds(60)

  let fleet: Fleet
  let guests: [ChaosGuest]
  let watch: DoubleWatch

  /// Where each guest may come to rest, from the commands confirmed and the faults since it was last seen at rest.
  var rests: [Set<Rest>]
  var figures = ChaosFigures()

  /// Whether the state folder has a file system of its own, which can be filled.
  var hasOwnDisk = false

  /// The last ledger record that was read; nil when the ledger has been damaged since.
  var lastRecord: Int? = 0

  /// Whether records were lost since: the disk has taken none, and how many stands in the next one, which may not have
  /// come; or the ledger has been damaged.
  var hasLostRecords = false

  /// What a supervisor holds without a guest, and for each that lives.
  var idle = Holdings()
  var each = Holdings()

  private let seed: UInt64
  private var history: [String] = []

  init(_ fleet: Fleet, guests count: Int, seed: UInt64) {
    self.fleet = fleet
    self.seed = seed
    guests = ChaosGuest.all(count)
    rests = Array(repeating: [.gone], count: count)
    watch = DoubleWatch(fleet)
  }

  /// Makes the disk and the lab file, and looks at a supervisor without a guest.
  func begin() async throws {
    hasOwnDisk = try await fleet.mount(["-t", "tmpfs", "-o", "size=24m", "chaos"], on: fleet.state)
    let firmware = try await Guests.firmware(.nothing)
    let vms = guests.map { $0.definition(firmware: firmware) }.joined(separator: ",\n")
    try fleet.write("{ lab: '\(ChaosGuest.lab)', vms: {\n\(vms)\n} }")
    try writeChain()
    try await step("begin") {
      try await self.run(["ls"], expecting: [0])
      try await self.learnHoldings(with: 0)
      try await self.run(["up"], expecting: [0])
      try await self.learnHoldings(with: self.guests.count)
      self.rests = self.rests.map { _ in [.running] }
      try await self.settle()
    }
  }

  /// Takes everything down, in the product's own way.
  func end() async throws {
    try await step("end") {
      try await self.run(["down"], expecting: [0])
      self.rests = self.rests.map { _ in [.gone] }
      try await self.settle()
      try await self.run(["supervisor", "stop"], expecting: [0])
    }
    watch.end()
    figures.looksForDoubles = watch.lookCount
  }

  /// Does a step of the run; what it breaks is told with all that came before.
  func step(_ title: String, _ body: () async throws -> Void) async throws {
    history.append(title)
    do {
      try await body()
      if let double = watch.double { throw Violation(law: "a VM never has two QEMUs", seen: double) }
    } catch {
      watch.end()
      var violation = error as? Violation ?? Violation(law: "the step can be done", seen: "\(error)")
      violation.circumstances = await circumstances()
      throw violation
    }
    figures.steps += 1
  }

  /// Adds to what the step says of itself.
  func note(_ words: String) {
    history[history.count - 1] += "; " + words
  }

  func skip(_ why: String) {
    figures.skipped[why, default: 0] += 1
    note("SKIPPED: \(why)")
  }

  // MARK: Acting on the fleet

  /// Runs a command of the binary to its end: it must come to one of the exit codes, and say why when that is not 0.
  @discardableResult
  func run(
    _ words: [String], expecting codes: Set<Int32>, adding variables: [String] = []
  ) async throws -> Program.Outcome {
    let program = try Program(
      Fleet.binary, words, environment: fleet.environment + variables, directory: fleet.folder)
    return try await outcome(of: program, expecting: codes)
  }

  /// The end of a command that was started before.
  @discardableResult
  func outcome(of program: Program, expecting codes: Set<Int32>) async throws -> Program.Outcome {
    let outcome = try await program.end(within: Self.patience)
    figures.commands += 1
    let command = outcome.command.split(separator: " ").dropFirst().joined(separator: " ")
    note("\(command) = \(outcome.code.map(String.init) ?? "\(outcome.status)")")
    guard let code = outcome.code, codes.contains(code), code == 0 || !outcome.errors.isEmpty else {
      throw Violation(
        law: "'\(command)' ends with \(codes.sorted()), and says why where that is not 0",
        seen: "\(outcome.status) after \(outcome.duration)\n\(outcome.output)\(outcome.errors)")
    }
    return outcome
  }

  /// What any command may end with while faults are injected.
  static let anyCode: Set<Int32> = [0, 1, 3, 4, 5]

  /// Runs a command on a guest and takes what it must have come to into account.
  func run(_ command: ChaosCommand, on index: Int, expecting codes: Set<Int32>) async throws {
    let outcome = try await run(words(command, on: index), expecting: codes)
    rests[index] = command.rests(from: rests[index], confirmed: outcome.code == 0)
  }

  func words(_ command: ChaosCommand, on index: Int) -> [String] {
    let name = guests[index].name
    return command == .update
      ? ["update", name, "--memory", figures.commands % 2 == 0 ? "32M" : "48M"] : [command.rawValue, name]
  }

  /// The guest's state when it is at rest.
  func rest(_ index: Int) -> Rest { rests[index].min() ?? .gone }

  /// The guest's QEMU, if it has one.
  func process(_ index: Int) throws -> FleetProcess? {
    try fleet.guests().first { $0.role == .guest(guests[index].id) }
  }

  func path(_ index: Int, _ file: String) -> String {
    "\(fleet.state)/vms/\(guests[index].id)/\(file)"
  }

  /// Kills the supervisor where it stands.
  func killSupervisor() async throws {
    for supervisor in try fleet.supervisors() {
      await supervisor.kill()
      figures.supervisorKills += 1
      note("supervisor \(supervisor.pid) killed")
    }
  }

  /// Kills the guest's QEMU, if it has one, and takes into account what follows.
  func killGuest(_ index: Int) async throws {
    guard let process = try process(index) else { return note("no QEMU to kill") }
    rests[index] = guests[index].restsAfterDeath(rests[index])
    await process.kill()
    figures.guestKills += 1
    note("QEMU \(process.pid) killed")
  }

  /// Lets time pass that belongs to a fault, such as how far a command comes before it is cut off.
  func letPass(_ time: Duration) async {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().asyncAfter(deadline: .now() + time.seconds) { continuation.resume() }
    }
  }

  // MARK: Telling a failure

  private func circumstances() async -> String {
    var lines = ["seed \(seed), step \(figures.steps + 1) (QEMUVM_CHAOS_SEED=\(seed) does the same again)"]
    lines.append("the last steps:")
    lines += history.suffix(15).map { "  " + $0 }
    lines.append("expected of each guest: ")
    lines += zip(guests, rests).map { "  \($0.name) (\($0.policy)): \($1.sorted().map(\.rawValue))" }
    // What cannot be asked any more is left out; the failure itself is told.
    lines += ((try? fleet.processes()) ?? []).map { process in
      "  process \(process.pid) \(process.role), state \(ProcessTable.use(pid: Int32(process.pid))?.state ?? "?")"
    }
    lines.append(await told(["ls"]))
    for guest in guests {
      let why = await told(["why", guest.name]).split(separator: "\n", omittingEmptySubsequences: false)
      lines.append(why.suffix(25).joined(separator: "\n"))
    }
    return lines.joined(separator: "\n")
  }

  private func told(_ words: [String]) async -> String {
    guard let outcome = try? await fleet.start(words).end(within: .seconds(15)) else { return "" }
    return "\(words.joined(separator: " ")): \(outcome.status)\n\(outcome.output)\(outcome.errors)"
  }
}
