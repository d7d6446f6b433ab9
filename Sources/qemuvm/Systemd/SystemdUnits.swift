internal import Control
internal import Host
internal import Machine

/// The units by which systemd(1) runs a fleet: its supervisor, that one's socket, and the guests; pure.
///
/// Corresponds to systemd.service(5), systemd.socket(5) and systemd.exec(5), as of version 252.
struct SystemdUnits: Sendable {
  /// The supervisor's unit.
  static let service = "qemuvm.service"
  static let socket = "qemuvm.socket"
  static let guests = "qemuvm-guests.service"

  /// One file.
  struct Unit: Sendable, Equatable {
    let name: String
    let text: String
  }

  /// This program.
  let program: String
  let locations: Locations

  /// Those that this user has without any variable.
  let customary: Locations

  /// `QEMUVM_QEMU`.
  let emulator: String?

  /// Where a user's own service manager looks.
  let userFolder: String

  /// Whether they are for a user's own service manager, or for the host's.
  let isOfUser: Bool

  /// How long all guests together have from their power buttons on, when the host goes down.
  let stopTimeout: Duration

  var units: [Unit] {
    [
      Unit(name: Self.socket, text: socketText), Unit(name: Self.service, text: serviceText),
      Unit(name: Self.guests, text: guestsText),
    ]
  }

  /// What makes systemd know them, and start them now and at each boot.
  var commands: [String] {
    let systemctl = isOfUser ? "systemctl --user" : "systemctl"
    let linger = isOfUser ? ["loginctl enable-linger  # so that they run without a login"] : []
    return [
      "\(systemctl) daemon-reload",
      "\(systemctl) enable --now \(Self.socket) \(Self.service) \(Self.guests)",
    ] + linger
  }

  /// Where they are put.
  var folder: String { isOfUser ? userFolder : "/etc/systemd/system" }

  private var socketText: String {
    """
    [Unit]
    Description=Control socket of the qemuvm supervisor
    Documentation=man:qemuvm(1)
    \(mounts)
    [Socket]
    # One that a command has started makes room; its guests go on.
    ExecStartPre=-\(command) supervisor stop
    \(environment)ListenStream=\(Self.escaped(locations.controlSocket))
    SocketMode=0600
    DirectoryMode=0700

    [Install]
    WantedBy=sockets.target

    """
  }

  private var serviceText: String {
    """
    [Unit]
    Description=qemuvm supervisor, which keeps virtual machines running
    Documentation=man:qemuvm(1)
    Requires=\(Self.socket)
    After=\(Self.socket)\(isOfUser ? "" : " network.target")
    # It is tried again for ever: nobody else restarts a guest.
    StartLimitIntervalSec=0
    \(mounts)
    [Service]
    Type=notify
    ExecStart=\(command) supervisor run
    \(environment)# Guests outlive their supervisor: stopped, restarted, upgraded or crashed, it alone ends.
    KillMode=process
    Restart=always
    RestartSec=2
    WatchdogSec=3min
    TimeoutStopSec=30
    # A guest that the kernel kills for want of memory is that guest's end alone.
    OOMPolicy=continue
    Delegate=yes
    LimitNOFILE=524288
    LimitMEMLOCK=infinity
    TasksMax=infinity
    UMask=0077
    \(isOfUser ? Self.userHardening : Self.hardening)
    [Install]
    Also=\(Self.socket)
    WantedBy=\(isOfUser ? "default.target" : "multi-user.target")

    """
  }

  private var guestsText: String {
    """
    [Unit]
    Description=Guests of qemuvm: up at boot, powered off before the host
    Documentation=man:qemuvm(1)
    # Not Requires=: whoever stops the supervisor stops no guest.
    Wants=\(Self.socket) \(Self.service)
    After=\(Self.socket) \(Self.service)
    \(mounts)
    [Service]
    Type=oneshot
    RemainAfterExit=yes
    KillMode=process
    # Whatever a guest is short of, this unit is there to bring the others down.
    ExecStart=-\(command) start --wanted --timeout 1m
    # Not ExecStop=, which a start that is under way still would leave out.
    ExecStopPost=\(command) supervisor stop --guests --stop-timeout \(seconds(stopTimeout))s
    \(environment)TimeoutStopSec=\(seconds(stopTimeout) + 60)

    [Install]
    WantedBy=\(isOfUser ? "default.target" : "multi-user.target")

    """
  }

  /// What the supervisor, and with it QEMU and what it needs, can do without.
  ///
  /// Left out are what they do need: memory that is written and run (TCG), namespaces (passt, virtiofsd), devices, homes
  /// and /tmp, where disks and labs may lie, and /usr/lib/modules, where kernels may (ProtectKernelModules= hides it).
  private static let hardening = """
    NoNewPrivileges=yes
    ProtectSystem=full
    ProtectKernelLogs=yes
    ProtectKernelTunables=yes
    ProtectHostname=yes
    LockPersonality=yes
    RestrictRealtime=yes
    SystemCallArchitectures=native
    SystemCallFilter=~@clock @cpu-emulation @module @obsolete @reboot @swap
    SystemCallErrorNumber=EPERM
    RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_PACKET AF_VSOCK
    CapabilityBoundingSet=~CAP_SYS_MODULE CAP_SYS_BOOT CAP_SYS_TIME CAP_SYSLOG CAP_AUDIT_CONTROL CAP_AUDIT_READ
    CapabilityBoundingSet=~CAP_BPF CAP_PERFMON CAP_MAC_ADMIN CAP_MAC_OVERRIDE CAP_LINUX_IMMUTABLE CAP_WAKE_ALARM
    CapabilityBoundingSet=~CAP_SYS_PACCT CAP_SYS_TTY_CONFIG CAP_LEASE CAP_BLOCK_SUSPEND CAP_CHECKPOINT_RESTORE

    """

  /// A user's own manager can take nothing away without taking the right to change users, which helpers need.
  private static let userHardening = ""

  private var mounts: String { "RequiresMountsFor=\(Self.escaped(locations.state))\n" }

  private var command: String { Self.quoted(program) }

  /// What differs from where things lie without it.
  private var environment: String {
    let values = [
      ("QEMUVM_STATE_DIR", locations.state, customary.state),
      ("QEMUVM_RUNTIME_DIR", locations.runtime, customary.runtime),
      ("QEMUVM_CONFIG_DIR", locations.configuration, customary.configuration),
    ]
    let folders = values.filter { $0.1 != $0.2 }.map { ($0.0, $0.1) }
    return (folders + (emulator.map { [("QEMUVM_QEMU", $0)] } ?? []))
      .map { "Environment=\(Self.quoted("\($0.0)=\($0.1)"))\n" }.joined()
  }

  private func seconds(_ duration: Duration) -> Int64 { max(1, duration.components.seconds) }

  /// As systemd.syntax(7) has a word that may hold spaces, quotes and specifiers.
  ///
  /// A program's path and an assignment know no variables: a dollar is one.
  static func quoted(_ text: String) -> String {
    let isPlain = text.unicodeScalars.allSatisfy { scalar in
      scalar.isASCII
        && (scalar.properties.isAlphabetic || "0123456789/._-+=:,@".unicodeScalars.contains(scalar))
    }
    guard !isPlain else { return text }
    let inner = escaped(text).flatMap { character -> [Character] in
      character == "\"" || character == "\\" ? ["\\", character] : [character]
    }
    return "\"\(String(inner))\""
  }

  /// What `quoted` has made of a text.
  static func unquoted(_ word: String) -> String {
    guard word.count > 1, word.hasPrefix("\""), word.hasSuffix("\"") else { return word }
    var text = ""
    var before: Character?
    for character in word.dropFirst().dropLast() {
      switch (before, character) {
      case (nil, "\\"), (nil, "%"): before = character
      default:
        text.append(character)
        before = nil
      }
    }
    return text
  }

  /// The same of a path that stands alone, where only specifiers mean something.
  static func escaped(_ path: String) -> String {
    path.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%")
  }
}
