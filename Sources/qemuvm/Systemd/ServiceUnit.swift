internal import Control
internal import Glibc
internal import Host
internal import Machine

/// The unit of a running systemd(1) by which this fleet's supervisor is started, where one is installed.
///
/// A supervisor that a command starts itself would live in a login's scope, and its guests with it: the login's end
/// would end them.
struct ServiceUnit: Sendable, Equatable {
  let isOfUser: Bool

  /// The file that describes it.
  let path: String

  /// The one that keeps the same state folder; nil where none does, or no systemd runs.
  static func find(_ context: Context) -> ServiceUnit? {
    for isOfUser in getuid() == 0 ? [false, true] : [true] where isRunning(isOfUser, context) {
      let folders = isOfUser ? userFolders(context) : systemFolders
      // The first of them is the unit; one that is masked is no file, and says nothing.
      let paths = folders.lazy.map { "\($0)/\(SystemdUnits.service)" }
      guard let path = paths.first(where: FileSystem.exists), let bytes = try? FileSystem.read(path) else {
        continue
      }
      let text = String(decoding: bytes, as: UTF8.self)
      guard text.contains("[Service]") else { continue }
      let state = stateFolder(ofUnit: text) ?? context.customaryLocations.state
      if state == context.locations.state { return ServiceUnit(isOfUser: isOfUser, path: path) }
    }
    return nil
  }

  /// Corresponds to sd_booted(3); of a user's own manager, its socket.
  private static func isRunning(_ isOfUser: Bool, _ context: Context) -> Bool {
    guard isOfUser else { return FileSystem.isDirectory("/run/systemd/system") }
    guard let runtime = context.environment["XDG_RUNTIME_DIR"], runtime.hasPrefix("/") else { return false }
    return FileSystem.exists("\(runtime)/systemd/private")
  }

  private static let systemFolders = [
    "/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
    "/lib/systemd/system",
  ]

  private static func userFolders(_ context: Context) -> [String] {
    let values = context.environment
    let home = values["HOME"] ?? "/"
    return [
      (values["XDG_CONFIG_HOME"] ?? home + "/.config") + "/systemd/user", "/etc/systemd/user",
      "/run/systemd/user", (values["XDG_DATA_HOME"] ?? home + "/.local/share") + "/systemd/user",
      "/usr/local/lib/systemd/user", "/usr/lib/systemd/user", "/lib/systemd/user",
    ]
  }

  /// `QEMUVM_STATE_DIR` as a unit of ours has it; nil where it has none.
  static func stateFolder(ofUnit text: String) -> String? {
    for line in text.split(separator: "\n") {
      guard let words = line.split(separator: "=", maxSplits: 1).last, line.hasPrefix("Environment=") else {
        continue
      }
      let value = SystemdUnits.unquoted(String(words))
      let (name, folder) = (value.prefix { $0 != "=" }, value.drop { $0 != "=" }.dropFirst())
      if name == "QEMUVM_STATE_DIR" { return String(folder) }
    }
    return nil
  }

  /// Has systemd start it, and waits until it listens.
  func start(_ context: Context, within limit: Instant) throws {
    guard let systemctl = HostProgram.find("systemctl", in: context) else {
      throw failure("there is no systemctl in PATH")
    }
    context.diagnostics.note("qemuvm: \(SystemdUnits.service) does not run; systemd starts it\n")
    let words: [UInt8]
    let status: ExitStatus?
    do throws(SystemError) {
      let pipe = try FileDescriptor.pipe()
      var launch = ChildProcess.Launch(
        program: systemctl, arguments: (isOfUser ? ["--user"] : []) + ["start", SystemdUnits.service])
      launch.descriptors = [1: pipe.writeEnd.rawValue, 2: pipe.writeEnd.rawValue]
      launch.directory = "/"
      let process = try ChildProcess(launch)
      let output = pipe.takeReadEnd()
      try output.setNonBlocking()
      status = process.wait(until: limit)
      // It says a line or two, which a pipe holds.
      words = (try? output.read(upTo: 4096)) ?? []
      if status == nil { process.signal(SIGTERM) }
    } catch {
      throw failure("\(error)")
    }
    guard let status else { throw failure("systemctl has not come back in time") }
    guard status == .code(0) else {
      let said = String(decoding: words, as: UTF8.self).split(separator: "\n").joined(separator: "; ")
      throw failure(said.isEmpty ? "systemctl ended with \(status)" : "'\(said)'")
    }
  }

  private func failure(_ why: String) -> CommandFailure {
    let user = isOfUser ? " --user" : ""
    return CommandFailure(
      .noSupervisor, nil, "\(SystemdUnits.service) cannot be started: \(why)",
      hints: [
        "'systemctl\(user) status \(SystemdUnits.service)' and 'journalctl\(user) -u \(SystemdUnits.service)' tell why.",
        "Without \(path) commands start a supervisor of their own.",
      ])
  }
}
