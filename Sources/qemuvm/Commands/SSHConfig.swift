internal import Control

/// `qemuvm ssh-config`: how other tools get into guests by ssh.
struct SSHConfig: Verb {
  static let name = "ssh-config"
  static let group = VerbGroup.look
  static let farPart = FarPart.wholeVerb
  static let summary = "Print a configuration for ssh, scp, rsync or ansible to get into guests"
  static let discussion = [
    "A VM is called by its name, and by its name and its lab's (web, web.shop). Of a whole lab those are left out that no "
      + "ssh leads into, or that have not been started yet.",
    "scp -F ssh.cfg FILE web: takes it, as do rsync -e 'ssh -F ssh.cfg' and ansible --ssh-common-args '-F ssh.cfg'.",
  ]
  static let examples = ["qemuvm ssh-config >ssh.cfg", "qemuvm ssh-config web db"]
  static let arguments = [VMSelection.anyOfLab]
  static let options: [any DeclaredOption] = [CommonOptions.file]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSuchVM, .noSupervisor]

  private let selection: VMSelection

  init(_ given: GivenArguments) {
    selection = VMSelection(given)
  }

  func run(_ context: Context) throws -> ExitCode {
    let vms = try selection.resolved(in: context, verb: Self.name)
    var found: [SSHOptions] = []
    for vm in vms {
      let reply = try SupervisorConnector(context: context).ask(
        .queryVM(name: vm), about: vm.name, deadline: Query.deadline)
      let details = try VMDetails(json: reply)
      guard let access = details.ssh, access.port != nil else {
        let failure = CommandFailure(
          .failed, "\(details.name)", "no ssh leads into it",
          hints: [
            "It needs the key cloudInit, or ssh, and a card on the network 'user', and has to have been started."
          ])
        if !selection.names.isEmpty { throw failure }
        context.diagnostics.note(failure.text)
        continue
      }
      found.append(SSHOptions(access, of: details.name))
    }
    let counts = Dictionary(grouping: found.flatMap(\.aliases), by: \.self).mapValues(\.count)
    let parts = found.map { options in
      options.configuration(names: options.aliases.filter { counts[$0] == 1 })
    }
    try context.output.write(parts.joined(separator: "\n"))
    return .done
  }
}
