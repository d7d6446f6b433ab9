extension Machine {
  /// Two QMP monitors: the supervisor's, and one for the user's own tools.
  ///
  /// The sockets listen before QEMU is there and are handed down: no other QEMU can take their paths over,
  /// and their modes are ours.
  func addMonitors(to list: inout ArgumentList) {
    let own = OptionText("socket").with("id", "mon").with("fd", "\(paths.monitorDescriptor)")
    list.add("-chardev", own.listening)
    list.add("-mon", OptionText("chardev", "mon").with("mode", "control"))
    let users = OptionText("socket").with("id", "user-mon").with("fd", "\(paths.userMonitorDescriptor)")
    list.add("-chardev", users.listening)
    list.add("-mon", OptionText("chardev", "user-mon").with("mode", "control"))
  }
}

extension OptionText {
  /// The socket waits for clients without holding up QEMU.
  var listening: OptionText { with("server", "on").with("wait", "off") }
}
