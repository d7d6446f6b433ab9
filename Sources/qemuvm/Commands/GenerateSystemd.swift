internal import Control
internal import Glibc
internal import Host
internal import Machine

/// `qemuvm generate systemd`: the units by which systemd runs a fleet.
struct GenerateSystemd: Verb {
  static let name = "generate systemd"
  static let group = VerbGroup.supervisor
  static let farPart = FarPart.none
  static let summary = "Print units by which systemd runs the supervisor and the guests"
  static let discussion = [
    "There are three. qemuvm.socket is the control socket; qemuvm.service is the supervisor, whose stop, restart or crash "
      + "leaves guests running; qemuvm-guests.service has every guest power off before the host goes down, and what has not "
      + "by then is ended. What was wanted stays wanted and starts at the next boot, in the order of its lab.",
    "With --output they are written into a folder, and the commands that make systemd use them are said. Where one is "
      + "installed, commands start it, and no supervisor of their own.",
    "QEMUVM_STATE_DIR, QEMUVM_RUNTIME_DIR, QEMUVM_CONFIG_DIR and QEMUVM_QEMU count for the units as they are now.",
  ]
  static let examples = [
    "qemuvm generate systemd", "qemuvm generate systemd --output /etc/systemd/system",
    "qemuvm generate systemd --user --output .config/systemd/user",
  ]
  static let options: [any DeclaredOption] = [user, output, stopTimeout]

  private static let user = Flag("user", help: "For a user's own service manager (systemctl --user).")
  private static let output = ValueOption(
    "output", "FOLDER", .text, help: "Write the units into this folder.", completion: .folders)
  private static let stopTimeout = ValueOption(
    "stop-timeout", "T", .duration,
    help: "How long all guests together may take to power off before the host (default: 2m, for --user 90s).")

  private let isOfUser: Bool
  private let folder: String?
  private let stopTimeout: Duration?

  init(_ given: GivenArguments) {
    isOfUser = given[Self.user]
    folder = given[Self.output]
    stopTimeout = given[Self.stopTimeout]
  }

  func run(_ context: Context) throws -> ExitCode {
    guard isOfUser || geteuid() == 0 else {
      throw CommandFailure(
        .failed, nil, "the host's units are root's",
        hints: ["'sudo qemuvm generate systemd' prints them; --user those of a fleet of your own."])
    }
    // A user's manager has 120 s itself, user@.service.
    let units = SystemdUnits(
      program: SupervisorLauncher.program, locations: context.locations,
      customary: context.customaryLocations, emulator: context.emulator,
      userFolder: context.userConfiguration + "/systemd/user", isOfUser: isOfUser,
      stopTimeout: stopTimeout ?? .seconds(isOfUser ? 90 : 120))
    guard let folder else {
      let texts = units.units.map { "# \(units.folder)/\($0.name)\n\($0.text)" }
      try context.output.write(texts.joined(separator: "\n"))
      return .done
    }
    for unit in units.units {
      let path = FileSystem.absolute(unit.name, in: context.absolute(folder))
      do throws(SystemError) {
        try FileSystem.makeDirectory(FileSystem.parent(of: path))
        try FileSystem.replace(path, with: Array(unit.text.utf8), mode: 0o644, durable: false)
      } catch {
        throw CommandFailure(.failed, path, "cannot be written: \(error.reason)")
      }
    }
    context.diagnostics.note(
      "\(Printable.line(folder)): written; next:\n" + units.commands.map { "  \($0)\n" }.joined())
    return .done
  }
}
