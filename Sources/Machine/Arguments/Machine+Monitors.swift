extension Machine {
  /// Two QMP monitors: the supervisor's, whose listener is handed down, and one for the user's own tools.
  func addMonitors(to list: inout ArgumentList) {
    let own = OptionText("socket").with("id", "mon").with("fd", "\(places.monitorDescriptor)")
    list.add("-chardev", own.listening)
    list.add("-mon", OptionText("chardev", "mon").with("mode", "control"))
    let users = OptionText("socket").with("id", "user-mon").with("path", places.userMonitorSocket)
    list.add("-chardev", users.listening)
    list.add("-mon", OptionText("chardev", "user-mon").with("mode", "control"))
  }

  /// The console: QEMU itself writes the log, whether or not anyone is connected.
  func addSerial(to list: inout ArgumentList) {
    guard hasSerial else { return }
    let console = OptionText("socket").with("id", "con0").with("path", places.consoleSocket).listening
    list.add("-chardev", console.with("logfile", places.consoleLog).with("logappend", "on"))
    list.add("-serial", verbatim: "chardev:con0")
  }
}

extension OptionText {
  /// The socket waits for clients without holding up QEMU.
  fileprivate var listening: OptionText { with("server", "on").with("wait", "off") }
}
