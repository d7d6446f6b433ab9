extension Machine {
  /// How the QEMU process itself behaves, whatever it emulates.
  func addProcess(to list: inout ArgumentList) {
    list.add("-name", OptionText("guest", name.name).with("debug-threads", "on"))
    list.add("-uuid", verbatim: uuid.description)
    list.add("-no-user-config")
    list.add("-nodefaults")
    // The vCPUs are released over QMP, once the supervisor listens.
    list.add("-S")
    list.add("-display", verbatim: "none")
    list.add("-msg", OptionText("timestamp", "on"))
    list.add(
      "-sandbox",
      OptionText("on").with("obsolete", "deny").with("elevateprivileges", "deny").with("spawn", "deny")
        .with("resourcecontrol", "deny"))
    // A guest that ended leaves QEMU standing, so that a supervisor that was away still learns how.
    list.add(
      "-action",
      OptionText("reboot", "reset").with("shutdown", "pause").with("panic", "pause")
        .with("watchdog", (devices.lazy.compactMap(\.watchdogAction).first ?? .reset).rawValue)
    )
  }
}
