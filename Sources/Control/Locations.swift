internal import Glibc
internal import Host

/// Where qemuvm keeps its things: three folders, from the environment or the customary place.
package struct Locations: Sendable, Equatable {
  /// Definitions, wishes, disks, ledger, logs, locks, private monitor sockets: survives a reboot.
  package let state: String

  /// The control socket, consoles and the users' monitor sockets: a logout may wipe it.
  package let runtime: String

  /// Configuration and profiles.
  package let configuration: String

  package init(state: String, runtime: String, configuration: String) {
    self.state = state
    self.runtime = runtime
    self.configuration = configuration
  }

  /// What the environment says for this user; an empty variable counts as absent, a relative path stands on the
  /// working directory, and a relative one of XDG's is ignored, as its specification says.
  package init(environment: [String: String], uid: UInt32 = getuid()) {
    func value(_ name: String) -> String? {
      guard let text = environment[name], !text.isEmpty else { return nil }
      return FileSystem.absolute(text, in: FileSystem.currentDirectory)
    }
    func base(_ name: String) -> String? {
      guard let text = environment[name], text.hasPrefix("/") else { return nil }
      return FileSystem.absolute(text, in: "/")
    }
    let home = value("HOME") ?? Self.homeDirectory(of: uid) ?? "/"
    let isRoot = uid == 0
    let state =
      value("QEMUVM_STATE_DIR")
      ?? (isRoot ? "/var/lib/qemuvm" : (base("XDG_STATE_HOME") ?? home + "/.local/state") + "/qemuvm")
    let runtime: String
    if let named = value("QEMUVM_RUNTIME_DIR") {
      runtime = named
    } else if isRoot {
      runtime = "/run/qemuvm"
    } else if let folder = base("XDG_RUNTIME_DIR") {
      runtime = folder + "/qemuvm"
    } else {
      let folder = "/run/user/\(uid)"
      runtime = FileSystem.isAccessible(folder, writing: true) ? folder + "/qemuvm" : state + "/run"
    }
    self.state = state
    self.runtime = runtime
    configuration =
      value("QEMUVM_CONFIG_DIR")
      ?? (isRoot ? "/etc/qemuvm" : (base("XDG_CONFIG_HOME") ?? home + "/.config") + "/qemuvm")
  }

  package var controlSocket: String { Self.controlSocket(in: runtime) }

  /// Where the control socket lies in a folder, and the lock of whoever may put it there.
  package static func controlSocket(in folder: String) -> String { folder + "/qemuvm.sock" }
  package static func controlLock(in folder: String) -> String { folder + "/qemuvm.lock" }

  /// Where the supervisor listens while it cannot in the runtime folder: nobody takes the state folder away.
  package var spareRuntime: String { state + "/run" }
  package var supervisorLock: String { Self.supervisorLock(in: state) }

  /// The lock of the supervisor of a state folder.
  package static func supervisorLock(in state: String) -> String { state + "/supervisor.lock" }
  package var startLock: String { state + "/start.lock" }
  package var supervisorLog: String { state + "/supervisor.log" }
  package var virtualMachines: String { state + "/vms" }

  /// Where profiles are looked for, in order, before those built in; `directory` is the lab's folder.
  package func profileFolders(directory: String?) -> [String] {
    [directory.map { $0 + "/qemu-profiles" }, configuration + "/profiles", "/usr/share/qemuvm/profiles"]
      .compactMap { $0 }
  }

  private static func homeDirectory(of uid: UInt32) -> String? {
    guard let entry = getpwuid(uid), let home = entry.pointee.pw_dir else { return nil }
    return String(cString: home)
  }
}
