package import JSON

/// What QEMU does when the guest shuts down, resets, panics or misses its watchdog; nil leaves an action as it is.
///
/// QEMU: `set-action`, since 6.0.
package struct SetAction: QMPCommand {
  package static let name = "set-action"

  package enum Shutdown: String, Sendable {
    case poweroff
    case pause
  }

  package enum Reboot: String, Sendable {
    case reset
    case shutdown
  }

  package enum Panic: String, Sendable {
    case poweroff
    case pause
    case shutdown
    case none

    /// Since 7.1.
    case exitFailure = "exit-failure"
  }

  package enum Watchdog: String, Sendable {
    case reset
    case shutdown
    case poweroff
    case pause
    case debug
    case none
    case injectNMI = "inject-nmi"
  }

  package var shutdown: Shutdown?
  package var reboot: Reboot?
  package var panic: Panic?
  package var watchdog: Watchdog?

  package init(
    shutdown: Shutdown? = nil, reboot: Reboot? = nil, panic: Panic? = nil, watchdog: Watchdog? = nil
  ) {
    self.shutdown = shutdown
    self.reboot = reboot
    self.panic = panic
    self.watchdog = watchdog
  }

  package var arguments: JSONObject {
    var members: JSONObject = [:]
    members["shutdown"] = shutdown.map { .string($0.rawValue) }
    members["reboot"] = reboot.map { .string($0.rawValue) }
    members["panic"] = panic.map { .string($0.rawValue) }
    members["watchdog"] = watchdog.map { .string($0.rawValue) }
    return members
  }
}
