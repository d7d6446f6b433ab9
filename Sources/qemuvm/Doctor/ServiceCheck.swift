internal import Control
internal import Glibc
internal import Host

/// The supervisor, what starts it at boot, and the clock.
struct ServiceCheck {
  let context: Context

  func findings() -> [Finding] { [supervisor] + units + [lingering, clock].compactMap { $0 } }

  private var supervisor: Finding {
    do {
      guard let client = try SupervisorConnector(context: context).connectIfRunning() else {
        return .ok("supervisor", "none runs; the next command that needs one starts it")
      }
      let report = try SupervisorReport(
        json: client.perform(.querySupervisor, deadline: Query.deadline))
      let text =
        "version \(report.version), PID \(report.pid), with \(report.vms) \(report.vms == 1 ? "VM" : "VMs")"
      guard report.isBackground, report.vms > 0 else { return .ok("supervisor", text) }
      return .warning(
        "supervisor",
        text
          + "; a command has started it: after a reboot, or when it dies, only the next command starts another",
        "Let an init system run 'qemuvm supervisor run'.")
    } catch {
      let lines = ErrorText.of(error).text.split(separator: "\n").map { $0.trimmed }
      return Finding(
        subject: "supervisor", verdict: .failure, text: lines.first ?? "cannot be reached",
        advice: Array(lines.dropFirst()))
    }
  }

  private static let unitFolders = [
    "/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
  ]

  /// Units that run us and end guests that ought to live on.
  private var units: [Finding] {
    let home = context.environment["HOME"].map { [$0 + "/.config/systemd/user"] } ?? []
    return (Self.unitFolders + home).flatMap { folder in
      // A folder that is not there has no units.
      ((try? FileSystem.names(in: folder)) ?? []).filter { $0.hasSuffix(".service") }.sorted().compactMap {
        name in
        HostText.file("\(folder)/\(name)").flatMap { Self.unit(named: name, $0) }
      }
    }
  }

  /// What is wrong with a unit; nil where it is none of ours, or right.
  ///
  /// See systemd.kill(5).
  static func unit(named name: String, _ text: String) -> Finding? {
    let settings = text.split(separator: "\n").compactMap { line -> (key: String, value: String)? in
      guard let equals = line.firstIndex(of: "="), line.first != "#", line.first != ";" else { return nil }
      return (line[..<equals].trimmed, line[line.index(after: equals)...].trimmed)
    }
    let commands = settings.filter { $0.key == "ExecStart" }.map { $0.value.split(separator: " ") }
    let ours = commands.filter { words in
      words.first.map { FileSystem.name(of: String($0.drop { "-+!@:".contains($0) })) } == "qemuvm"
    }
    guard let words = ours.first else { return nil }
    let runsSupervisor = words.dropFirst().starts(with: ["supervisor", "run"])
    let starts = ["up", "start", "restart"].contains(words.dropFirst().first)
    guard runsSupervisor || starts else { return nil }
    let mode = settings.last { $0.key == "KillMode" }?.value
    guard mode == "process" || mode == "none" else {
      return .failure(
        name,
        "\(runsSupervisor ? "a stop of this unit" : "the end of this unit's command, or its stop,") kills every guest that "
          + "was started in it: KillMode=\(mode ?? "control-group, by default")",
        "Set KillMode=process in it, then 'systemctl daemon-reload'.")
    }
    return .ok(name, "leaves guests running when it is stopped")
  }

  /// A user's guests end with his last session unless somebody has said otherwise; loginctl(1).
  private var lingering: Finding? {
    guard geteuid() != 0, FileSystem.isDirectory("/run/systemd/system") else { return nil }
    let user = User.name(geteuid())
    guard !FileSystem.exists("/var/lib/systemd/linger/\(user)") else {
      return .ok("linger", "guests of \(user) outlive a logout")
    }
    return .warning("linger", "guests of \(user) end with the last session", "loginctl enable-linger \(user)")
  }

  /// No clock of today shows a time before this.
  private static let oldest = Timestamp(microseconds: 1_700_000_000_000_000)

  private var clock: Finding? {
    guard Timestamp.now.microseconds > Self.oldest.microseconds else {
      return .failure(
        "clock", "it shows \(Timestamp.now.rfc3339): guests start with it",
        "timedatectl set-ntp true, or date -s")
    }
    // Where the kernel is not asked, in a container, nothing is known.
    guard let isKept = isClockSynchronized() else { return .ok("clock", Timestamp.now.rfc3339) }
    if isKept { return .ok("clock", "\(Timestamp.now.rfc3339), kept right") }
    return .warning(
      "clock", "\(Timestamp.now.rfc3339), and nobody keeps it right: guests start with it",
      "apt-get install chrony, or timedatectl set-ntp true")
  }
}
