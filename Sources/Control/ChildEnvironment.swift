internal import Host

/// What the processes that qemuvm starts find in their environment: what they need, and nothing else.
///
/// Whoever ran the first command has passwords and keys in his; every process of his can read them for as long as a
/// guest runs.
package enum ChildEnvironment {
  /// QEMU's, also when it is only asked what it is: programs and libraries, temporary files, the time zone of
  /// `-rtc base=localtime`; its words in English, by which causes are told.
  package static let forQEMU =
    ChildProcess.environment.filter { common.contains(String($0.prefix { $0 != "=" })) } + ["LC_ALL=C.UTF-8"]

  /// A supervisor's that runs in the background: qemuvm's own variables as well, where a user's firmware descriptors lie,
  /// and a library that was loaded into the command that starts it.
  package static func forSupervisor(from values: [String: String]) -> [String: String] {
    values.filter { name, _ in
      common.contains(name) || name == "LD_PRELOAD" || name == "XDG_CONFIG_HOME" || name.hasPrefix("QEMUVM_")
    }
  }

  private static let common: Set = [
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "XDG_RUNTIME_DIR",
    "QEMU_MODULE_DIR",
  ]
}
