/// How long a command may take before its caller is told that it timed out.
///
/// Measured on nothing finer than what others use: five seconds for what only looks or sets a value, a minute for
/// what waits for devices, images or vCPUs, ten minutes for what writes a guest's memory or disks before it answers.
package enum QMPDeadline {
  package static let query = Duration.seconds(5)
  package static let change = Duration.seconds(60)
  package static let job = Duration.seconds(600)

  /// From the connection to the end of negotiation.
  ///
  /// Generous, because QEMU answers only when it has initialised all devices and preallocated the memory.
  package static let negotiation = Duration.seconds(60)

  /// The deadline of a command for which its caller names none; a command that is not known here gets a minute.
  package static func standard(for command: String) -> Duration {
    if let duration = table[command] { return duration }
    return command.hasPrefix("query-") ? query : change
  }

  private static let table: [String: Duration] = {
    let quick = [
      "balloon", "closefd", "getfd", "inject-nmi", "qom-get", "qom-list", "qom-set", "set-action", "set_link",
      "system_powerdown", "system_reset", "system_wakeup", "watchdog-set-action",
    ]
    let long = [
      "block-commit", "block-stream", "blockdev-backup", "blockdev-mirror", "blockdev-snapshot",
      "blockdev-snapshot-internal-sync", "blockdev-snapshot-delete-internal-sync", "blockdev-snapshot-sync",
      "drive-backup", "drive-mirror", "dump-guest-memory", "human-monitor-command", "job-complete",
      "job-dismiss", "memsave", "pmemsave", "snapshot-delete", "snapshot-load", "snapshot-save",
      "transaction",
      "xen-load-devices-state", "xen-save-devices-state",
    ]
    var table: [String: Duration] = [:]
    for command in quick { table[command] = query }
    for command in long { table[command] = job }
    return table
  }()
}
