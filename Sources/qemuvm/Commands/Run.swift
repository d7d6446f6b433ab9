internal import Control
internal import Glibc
internal import Host
internal import Inspection
internal import JSON
internal import Machine

/// `qemuvm run`: a guest for one command, after which nothing is left of it.
struct Run: Verb {
  static let name = "run"

  /// The VM goes with this process, and the way into it leads from its own host.
  static let farPart = FarPart.none
  static let group = VerbGroup.lifecycle
  static let summary = "Run a command in a guest that is made for it, and thrown away behind it"
  static let discussion = [
    "The guest is made of the profile and the settings below. As soon as ssh leads into it, the command is run there as "
      + "by 'qemuvm ssh': its input, outputs and exit code are its own. Without a command it is a shell; without ssh, "
      + "the guest's console.",
    "Behind it the guest is ended at once and removed, with its disks. So it is when this command is interrupted or "
      + "dies in any way; where the supervisor has died as well, the next one removes it.",
  ]
  static let examples = [
    "qemuvm run debian-12 -- uname -a", "qemuvm run alpine --cpus 4 --memory 4G -- make -C /src test",
    "tar c . | qemuvm run debian-12 -- 'tar x && ./test.sh'", "qemuvm run hello",
  ]
  static let arguments = [
    ArgumentDeclaration("PROFILE", .one, help: "What the guest is made of: see 'qemuvm profiles'."),
    ArgumentDeclaration("CMD", .any, help: "Behind --: a command to run in the guest."),
  ]
  private static let vmName = ValueOption(
    "name", "NAME", .text, help: "What the VM is called meanwhile (default: a new name each time).")
  private static let user = ValueOption("user", short: "l", "NAME", .text, help: "Who logs in.")
  private static let timeout = ValueOption(
    "timeout", "T", .duration, help: "How long it may take until ssh leads into the guest (default: 10m).")
  static let options: [any DeclaredOption] = [vmName, user, timeout] + SettingOption.options
  static let exitCodes = ExitCode.allCases

  private let definition: VMDefinition
  private let command: [String]
  private let user: String?
  private let timeout: Duration

  init(_ given: GivenArguments) throws(UsageError) {
    let profile = given.words[0]
    let text = given[Self.vmName] ?? Self.newName(of: profile)
    let name: VMName
    do throws(NameError) {
      name = try VMName(text)
    } catch {
      let place = given.has(Self.vmName) ? "--name" : "PROFILE"
      throw UsageError(
        .valueInvalid(of: place, text: text, reason: "is not a valid name: \(error)"), verb: Self.name)
    }
    var settings = try SettingOption.settings(in: given, verb: Self.name)
    settings.profile = profile
    // One that has ended has done what it was for, or never will.
    settings.restart = settings.restart ?? RestartSetting(.no)
    definition = VMDefinition(name: name, settings: settings)
    command = Array(given.words.dropFirst())
    user = given[Self.user]
    timeout = given[Self.timeout] ?? .seconds(600)
  }

  /// `run-debian-12-3f09c2`: no two at the same time have one.
  private static func newName(of profile: String) -> String {
    let digits = String(UInt32.random(in: 0..<(1 << 24)), radix: 16)
    return "run-\(profile.prefix(40))-" + String(repeating: "0", count: 6 - digits.count) + digits
  }

  func run(_ context: Context) throws -> ExitCode {
    let (label, directory) = ("\(definition.name)", FileSystem.currentDirectory)
    let isBySSH = try isReachedBySSH(in: directory, context)
    guard isBySSH || command.isEmpty else {
      throw CommandFailure(
        .failed, label, "no ssh leads into a guest of the profile '\(definition.profile)'",
        hints: [
          "A profile for it has the key cloudInit, or ssh, and a card on the network 'user'. Without a command the "
            + "guest's console is shown."
        ])
    }
    var program: String?
    if isBySSH { program = try SSH.program(label, context) }
    var given = definition
    given.settings = given.settings.anchored(in: directory)
    given.settings.qemu = given.settings.qemu ?? context.emulator
    let vm = VMReference(label)
    // Refused, there is nothing of it, and what else has its name is not ours.
    _ = try SupervisorConnector(context: context).ask(
      .run(definition: given.json, directory: directory, holder: nil), about: label, deadline: Start.patience)
    let status: ExitStatus
    do {
      try wait(for: .running, context)
      status = try program.map { try talk(to: vm, by: $0, context) } ?? talkOnConsole(vm, context)
    } catch {
      // The first failure is the one that counts.
      _ = try? remove(context)
      throw error
    }
    let removed = try remove(context)
    guard let code = Self.code(of: status), code != 0 else { return removed }
    exit(code)
  }

  /// Whether ssh will lead into the guest, by its profile; what is wrong with that is told before anything is made.
  private func isReachedBySSH(in directory: String, _ context: Context) throws -> Bool {
    let catalog = ProfileCatalog(context.locations, directory: directory)
    let chain = try catalog.chain(definition.profile, askedAt: nil)
    return FlatDefinition(definition, in: directory, over: chain).settings.isReachedBySSH
  }

  private func wait(for condition: Condition, _ context: Context) throws {
    var wait = ConditionWait(
      VMReference("\(definition.name)"), condition, timeout: timeout, deadline: context.began + timeout,
      context,
      isItsOnlyLife: true)
    try wait.run()
  }

  /// Runs the command by ssh, or a shell, with our streams and our terminal.
  private func talk(to vm: VMReference, by program: String, _ context: Context) throws -> ExitStatus {
    try wait(for: .ssh, context)
    let details = try Query(vm, verb: Self.name).vm(context)
    let words = try SSH.words(to: details, user: user, command)
    var launch = ChildProcess.Launch(program: program, arguments: words)
    launch.descriptors = [0: 0, 1: 1, 2: 2]
    launch.hasOwnSession = false
    // Ctrl-C is the command's; what comes of it we hear by its end.
    let keys = [SIGINT, SIGQUIT]
    for key in keys { signal(key, SIG_IGN) }
    defer { for key in keys { signal(key, SIG_DFL) } }
    return try ChildProcess(launch).wait()
  }

  private func talkOnConsole(_ vm: VMReference, _ context: Context) throws -> ExitStatus {
    do {
      _ = try Console(vm).run(context)
    } catch let failure as CommandFailure {
      // A guest that has ended by itself has no console any more.
      guard try Query(vm, verb: Self.name).vm(context).status.state.known == .stopped else { throw failure }
    }
    return .code(0)
  }

  private func remove(_ context: Context) throws -> ExitCode {
    let name = "\(definition.name)"
    // Its guest is not asked to power off. What has ended already has no need of it, and the removal tells the rest.
    _ = try? SupervisorConnector(context: context).ask(
      .kill(name: VMReference(name)), about: name, deadline: Query.deadline)
    let order = FleetCommand.Order(label: name, goal: .removed, isUnknownFine: true)
    let request = ControlRequest.labDown(.vms([VMReference(name)]), disks: true, timeout: .zero)
    // Where nobody looks on, stderr is the command's alone.
    return try FleetCommand(
      commands: [FleetCommand.Command(request, forSeveral: [order])], timeout: nil, patience: Start.patience,
      context: context, isQuiet: !context.diagnostics.isTerminal
    ).run().code
  }

  /// As a shell has it; nil where it is not known.
  private static func code(of status: ExitStatus) -> Int32? {
    switch status {
    case .code(let code): code
    case .signal(let number): 128 + number
    case .unknown: nil
    }
  }
}
