internal import Control
internal import Host

/// `qemuvm logs`: what the guest wrote on its serial console, or QEMU on its stderr.
struct Logs: Verb {
  static let name = "logs"
  static let group = VerbGroup.look
  static let farPart = FarPart.wholeVerb
  static let summary = "Print a VM's console log, or QEMU's own"
  static let discussion = [
    "It prints the present log; what was rotated away lies beside it (console.1.log is the youngest).",
    "With --follow it goes on until Ctrl-C, across rotation and restarts, or until the VM is removed.",
    "On a terminal what would change that is left out, such as the clearing of the screen; elsewhere every byte is "
      + "printed as it was written. Of several VMs each log has a heading.",
  ]
  static let examples = [
    "qemuvm logs web --tail 20", "qemuvm logs web -f", "qemuvm logs web --qemu", "qemuvm logs web db -n 5",
  ]
  static let arguments = [VMSelection.several]
  static let options: [any DeclaredOption] = [follow, tail, qemu, CommonOptions.file]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSuchVM, .noSupervisor]

  private static let follow = Flag("follow", short: "f", help: "Print what comes, too.")
  private static let tail = ValueOption(
    "tail", short: "n", "N", .number(0...Int.max),
    help: "Begin with the last N lines, and not with the first.")
  private static let qemu = Flag("qemu", help: "QEMU's stderr, and not the guest's console.")

  private let selection: VMSelection
  private let isFollowing: Bool
  private let lastLines: Int?
  private let isQEMU: Bool

  init(_ given: GivenArguments) {
    selection = VMSelection(given)
    isFollowing = given[Self.follow]
    lastLines = given[Self.tail]
    isQEMU = given[Self.qemu]
  }

  func run(_ context: Context) throws -> ExitCode {
    let vms = try selection.resolved(in: context, verb: Self.name)
    guard vms.count < 2 || !isFollowing else {
      throw UsageError(
        .combination("--follow goes on with one VM's log, and these are \(vms.count) VMs"), verb: Self.name,
        hint: "'qemuvm events -f' follows what happens to all of them.")
    }
    for (index, name) in vms.enumerated() {
      // Let go at once: the supervisor may leave while the log is followed.
      let reply = try SupervisorConnector(context: context).ask(
        .queryVM(name: name), about: name.name, deadline: Query.deadline)
      let vm = try VMDetails(json: reply)
      guard let path = isQEMU ? vm.status.qemuLog : vm.status.consoleLog else {
        throw CommandFailure(.failed, "\(vm.name)", "has no such log")
      }
      if vms.count > 1 {
        try context.output.write("\(index == 0 ? "" : "\n")==> \(Printable.line("\(vm.name)")) <==\n")
      }
      try print(path, to: context.output)
    }
    return .done
  }

  private func print(_ path: String, to output: StandardStream) throws(SystemError) {
    var filter = output.isTerminal && !isQEMU ? TerminalFilter() : nil
    let folder = FileSystem.parent(of: path)
    let name = String(path.dropFirst(folder.count + 1))
    // Watched before it is read, so that nothing is written unseen between the two.
    let watch = isFollowing ? try FolderWatch.start(folder) : nil
    var log = GrowingLog(path)
    if let lastLines { try log.skip(toLast: lastLines) }
    // Once more after the folder has gone: the open log still has what was written last.
    repeat {
      try log.readOn { bytes throws(SystemError) in try output.write(filter?.filter(bytes) ?? bytes) }
    } while try watch?.wait(for: name) == .file
    try log.readOn { bytes throws(SystemError) in try output.write(filter?.filter(bytes) ?? bytes) }
  }
}
