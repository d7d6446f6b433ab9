import Dispatch
import Glibc
import Host
import JSON

/// Makes system calls of verbs fail, one at a time, and looks at the laws after each; the supervisor dies every time.
actor FailingCallsRun {
  /// One call that is to fail.
  struct Fault: Sendable, CustomStringConvertible {
    let step: FailingStep
    let role: FailingCalls.Role
    let site: FailingCalls.Site
    let act: FailingCalls.Act
    let variant: Int32

    /// Whether the supervisor that has met it is let come to rest, before it is killed as all are.
    var isFollowedByRest: Bool { act == .fail && variant == 0 }

    var description: String { "\(step): the \(role)'s call '\(site)', \(act), error \(variant)" }
  }

  private let fleet: Fleet
  private let calls: FailingCalls
  private let disk: String

  /// Where the VM rests; nil where that is not known.
  private var rest: Rest? = .gone
  private(set) var faults = 0
  private(set) var struck = 0
  private(set) var violations: [String] = []

  init(_ fleet: Fleet, _ calls: FailingCalls) {
    (self.fleet, self.calls) = (fleet, calls)
    disk = fleet.state + "/disks/web@shop/disk"
  }

  /// Dispatch tells nobody that the kernel has refused a watch.
  ///
  /// A connection to QEMU and the end of a QEMU are looked at all the same; a supervisor that hears no client is killed
  /// by a person, as every command tells him.
  private static let untold = "epoll_ctl of Dispatch"

  /// Every call that a verb makes; of those with one label the first two.
  func sites(of step: FailingStep, _ role: FailingCalls.Role) async throws -> [FailingCalls.Site] {
    try await prepare(step)
    let words = try await words(of: step)
    try calls.arm(role)
    _ = try await fleet.start(words).end()
    try calls.disarm()
    let counted = try calls.counted()
    rest = nil
    try await settle(.gone, .running, .paused, .stopped, .failed)
    return counted.filter { !$0.key.hasPrefix(Self.untold) }.sorted { $0.key < $1.key }.flatMap {
      label, calls in
      (1...min(calls.count, 2)).map {
        FailingCalls.Site(label: label, occurrence: $0, errors: calls.errors)
      }
    }
  }

  /// Makes one call fail; a law that is broken is kept, and the run goes on.
  func perform(_ fault: Fault) async throws {
    faults += 1
    var outcome: Program.Outcome?
    do {
      try await prepare(fault.step)
      let before = fault.step.leavesQEMU ? fleet.guestPIDs() : [:]
      let words = try await words(of: fault.step)
      try calls.arm(fault.role, at: fault.site, act: fault.act, variant: fault.variant)
      outcome = try await ended(try fleet.start(words))
      if try calls.disarm() { struck += 1 }
      if let outcome { try await check(fault, before, outcome) }
    } catch {
      try calls.disarm()
      var said = outcome.map { "\nended with \($0.status): \($0.errors)\($0.output.prefix(200))" } ?? ""
      // A supervisor that never began has no log.
      if let log = try? FileSystem.tail(fleet.state + "/supervisor.log", bytes: 1500) {
        said += "\nthe supervisor's log ends with: \(String(decoding: log, as: UTF8.self))"
      }
      violations.append("\(fault)\n\(error)\(said)")
      print("failing calls: broken: \(fault)\n\(error)\(said)")
      await fleet.killEverything()
      rest = nil
      try await settle(.gone, .running, .paused, .stopped, .failed)
    }
  }

  /// How a command ends; of one that hangs, what each thread of the fleet waits for is told before it is killed.
  private func ended(_ command: Program) async throws -> Program.Outcome {
    let hangs = DispatchWorkItem { [fleet] in print("failing calls: hangs:\n\(fleet.waits())") }
    DispatchQueue.global().asyncAfter(deadline: .now() + 45, execute: hangs)
    defer { hangs.cancel() }
    return try await command.end()
  }

  // MARK: The laws

  private func check(_ fault: Fault, _ before: [String: [Int32]], _ outcome: Program.Outcome) async throws {
    let step = fault.step
    // 2 is a lab file or a profile that cannot be read.
    guard let code = outcome.code, (0...5).contains(code)
    else {
      throw Violation(law: "a command ends with a sensible exit code", seen: "\(outcome.status)")
    }
    if code != 0, fault.act == .fail, outcome.errors.isEmpty, !fault.site.label.hasPrefix("write pipe") {
      throw Violation(law: "an error is said", seen: "exit code \(code) and no word")
    }
    try noDouble()
    if fault.isFollowedByRest, !step.endsSupervisor {
      // What this supervisor has come to is what the next one finds; but files that it could not read leave a VM failed.
      try await settle(allowed(fault, outcome, code).union(step.accident == .none ? [] : [.failed]))
    }
    for supervisor in try fleet.supervisors() { await supervisor.kill() }
    try await settle(allowed(fault, outcome, code))
    if step.leavesQEMU, rest?.isLive == true {
      guard fleet.guestPIDs() == before else {
        throw Violation(law: "a guest that is not to end goes on", seen: "another QEMU")
      }
    }
    if step.endsGuests {
      guard try await fleet.status("web")["desired"] == "running" else {
        throw Violation(law: "a guest that comes down with the supervisor stays wanted", seen: "it is not")
      }
    }
    let mayLoseDisk = step.deletesDisks && rest == .gone && !outcome.errors.contains("recorded")
    let isDiskRight = FileSystem.exists(disk) != (step.deletesDisks && code == 0) || mayLoseDisk && code != 0
    guard isDiskRight || step.accident == .noFolders else {
      throw Violation(law: "a disk goes by a confirmed --disks alone", seen: "\(FileSystem.exists(disk))")
    }
    if let image = step.image { try await check(step, image.after, code) }
    guard code != 0, step.isRepeatable, step.goal != rest, rest != .gone || step.verb == "up" else { return }
    // Put right, the same command does it.
    let again = try await fleet.start(step.words).end()
    guard again.code == 0 else {
      throw Violation(law: "a second try does it", seen: "\(again.status): \(again.errors)")
    }
    try await settle(step.goal)
  }

  /// The image is where a confirmed command has brought it, whole, and a second try brings it there.
  private func check(_ step: FailingStep, _ goal: Bool, _ code: Int32) async throws {
    var isThere = try await hasImage()
    if code == 0, isThere != goal, step.verb == "image" {
      throw Violation(law: "an image is there, or gone, as was confirmed", seen: isThere ? "there" : "gone")
    }
    if isThere { try await fleet.qemuvm("image", "verify", "base") }
    guard isThere != goal, step.verb == "image" else { return }
    try await fleet.qemuvm(step.words)
    isThere = try await hasImage()
    guard isThere == goal else {
      throw Violation(law: "a second try does it", seen: isThere ? "the image is there" : "it is gone")
    }
  }

  private func hasImage() async throws -> Bool {
    try await fleet.json("image", "ls").array?.contains { $0["name"]?.string == "base" } == true
  }

  /// The command's words, with the job that is meant.
  private func words(of step: FailingStep) async throws -> [String] {
    guard step.words.contains(FailingStep.lastJob) else { return step.words }
    let last = try await fleet.json("jobs").array?.last?["id"]?.string
    return step.words.map { $0 == FailingStep.lastJob ? last ?? "1" : $0 }
  }

  /// Where the VM may rest afterwards.
  private func allowed(_ fault: Fault, _ outcome: Program.Outcome, _ code: Int32) -> Set<Rest> {
    let step = fault.step
    if code == 0 { return [step.goal] }
    if outcome.errors.contains("Nothing was changed") { return [step.before] }
    if outcome.errors.contains("stays on the list") { return [.stopped] }
    if step.before == step.goal, step.verb != "restart" { return [step.before] }
    return step.before == .gone && step.verb == "create"
      ? [.gone, step.goal] : [step.before, step.goal, .failed, step.before == .gone ? .gone : .stopped]
  }

  private func noDouble() throws {
    if let double = fleet.doubleGuest() { throw Violation(law: "a VM never has two QEMUs", seen: double) }
  }

  // MARK: The VM

  /// Brings the VM where the step begins, with a disk, and a supervisor as it wants it; the image too.
  private func prepare(_ step: FailingStep) async throws {
    try await prepareVM(step)
    guard let image = step.image else { return }
    try fleet.write(String(repeating: "a raw image of no system ", count: 64), to: "base.raw")
    if image.before, !(try await hasImage()) {
      try await fleet.qemuvm("image", "add", "base.raw")
    } else if !image.before, try await hasImage() {
      try await fleet.qemuvm("image", "rm", "base")
    }
  }

  private func prepareVM(_ step: FailingStep) async throws {
    if rest != step.before || step.verb == "update" {
      if step.before == .gone || step.verb == "update", rest != .gone { try await command("down", to: .gone) }
      switch step.before {
      case .running where rest != .running, .paused where rest != .running:
        if rest == .paused { try await command("unpause web", to: .running) }
        if rest != .running { try await command("up", to: .running) }
      case .stopped where rest == .gone: try await command("create", to: .stopped)
      case .stopped: try await command("stop web", to: .stopped)
      default: break
      }
      if step.before == .paused { try await command("pause web", to: .paused) }
    }
    guard step.accident != .none else {
      try fleet.write("data", to: disk)
      try await fleet.qemuvm("ls")
      return
    }
    // A death more is not to make it wait for its next start.
    if step.accident == .deadGuest { try await command("start web", to: .running) }
    for supervisor in try fleet.supervisors() { await supervisor.kill() }
    switch step.accident {
    case .noFolders:
      try FileSystem.removeTree(fleet.state)
      try FileSystem.removeTree(fleet.runtime)
    case .deadGuest:
      for guest in try fleet.guests() { await guest.kill() }
      fallthrough
    case .none, .deadSupervisor:
      try fleet.write("data", to: disk)
    }
  }

  private func command(_ words: String, to goal: Rest) async throws {
    try await fleet.qemuvm(words.split(separator: " ").map(String.init))
    rest = nil
    try await settle(goal)
  }

  private func settle(_ allowed: Rest...) async throws { try await settle(Set(allowed)) }

  /// Waits until the VM rests where it may, with a QEMU where it has one.
  private func settle(_ allowed: Set<Rest>) async throws {
    let limit = Instant.now + .seconds(120)
    try await fleet.qemuvm("ls")
    let monitor = try await fleet.monitor()
    while true {
      let vm = try await monitor.execute("query-vms").array?.first
      let pids = fleet.guestPIDs()["web@shop"] ?? []
      try noDouble()
      let seen = vm.map { $0["state"]?.string.flatMap(Rest.init(rawValue:)) } ?? .gone
      // One that is being removed is on its way, and rests nowhere.
      let folder = fleet.state + "/vms/web@shop"
      let isLeaving =
        seen == .stopped && (FileSystem.exists(folder + "/forget") || !FileSystem.exists(folder))
      if let seen, !isLeaving, allowed.contains(seen),
        pids.map({ Int($0) }) == (vm?["pid"]?.int.map { [$0] } ?? []),
        seen.isLive == !pids.isEmpty
      {
        rest = seen
        await monitor.close()
        return
      }
      guard Instant.now < limit else {
        throw Violation(
          law: "it rests at \(allowed.sorted())", seen: "\(vm.map { "\($0)" } ?? "gone"), \(pids)")
      }
      do {
        _ = try await monitor.event(within: .milliseconds(100)) { _ in true }
      } catch let silence as ByteStream.Unheard where !silence.ended {
        continue
      }
    }
  }
}
