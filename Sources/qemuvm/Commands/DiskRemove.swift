internal import Control

/// `qemuvm disk rm`: removes disks that nothing uses.
struct DiskRemove: Verb {
  static let name = "disk rm"
  static let group = VerbGroup.images
  static let summary = "Remove disks that qemuvm has made and no VM uses"
  static let discussion = [
    "One that a VM's definition has, or that another disk stands on, stays. --all removes all that 'qemuvm down' has "
      + "left of a VM: its disks, UEFI variables, and where its devices were."
  ]
  static let examples = ["qemuvm disk rm shop/db data", "qemuvm disk rm shop/db --all"]
  static let arguments = [
    VMSelection.one, ArgumentDeclaration("DISK", .any, help: "A disk's name, as 'qemuvm disk ls' shows it."),
  ]
  private static let all = Flag("all", help: "Remove all that 'qemuvm down' has left of the VM.")
  static let options: [any DeclaredOption] = [all, CommonOptions.file]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSupervisor]

  /// The disks of all VMs are looked at before.
  private static let patience: Duration = .seconds(30)

  private let selection: VMSelection
  private let disks: [String?]

  init(_ given: GivenArguments) throws(UsageError) {
    selection = VMSelection(names: [given.words[0]], files: given[CommonOptions.file])
    let names = given.words.dropFirst()
    guard names.isEmpty == given[Self.all] else {
      throw UsageError(
        .combination(names.isEmpty ? "no disk is named" : "--all is given, and disks are named"),
        verb: Self.name, hint: "Name the disks, or give --all alone.")
    }
    disks = names.isEmpty ? [nil] : names.map { $0 }
  }

  func run(_ context: Context) throws -> ExitCode {
    let vm = try selection.one(in: context, verb: Self.name)
    let connector = SupervisorConnector(context: context)
    for disk in disks {
      _ = try connector.ask(.diskRemove(name: vm, disk: disk), deadline: Self.patience)
    }
    return .done
  }
}
