package import Control
package import Host
package import JSON
package import Machine

/// What everyone may know of a VM, taken at one moment: the fields of `ls --json`.
///
/// Sendable, so that lists are answered without asking the VM itself, which may be busy with a sick QEMU.
package struct VMReport: Sendable {
  package var name: VMName
  package var state: VMState
  package var desired: DesiredState
  package var cause: String
  package var health: Health
  package var pid: Int32?
  package var profile: String?
  package var accelerator: String?
  package var cpus: Int?
  package var memory: UInt64?
  package var restarts: Int
  package var startedAt: Timestamp?
  package var runningSince: Instant?
  package var qmpSocket: String?
  package var consoleSocket: String?
  package var consoleLog: String
  package var qemuLog: String

  /// What stood last on the console of the guest that failed last; told by `why` alone.
  package var failedConsole: [String] = []
  package var wish: Int

  /// The lab's file that the VM came from.
  package var file: String?

  /// What its disks use; nil for one that was not made ready here, and has no process or one that holds its images.
  package var images: ImageHolding?

  /// Whether the VM has a process, or will have one by itself.
  package var keepsSupervisor: Bool

  /// The fields of `ls --json`; an absent value is null.
  package func json(at now: Instant = .now) -> JSONObject {
    [
      "name": .string(name.name), "lab": text(name.lab), "state": .string(state.rawValue),
      "desired": .string(desired.rawValue), "cause": .string(cause), "health": .string(health.rawValue),
      "pid": pid.map { JSONValue($0) } ?? .null, "profile": text(profile), "accelerator": text(accelerator),
      "cpus": cpus.map { JSONValue($0) } ?? .null, "memoryBytes": memory.map { JSONValue($0) } ?? .null,
      "restarts": JSONValue(restarts), "startedAt": text(startedAt?.rfc3339),
      "uptimeSeconds": runningSince.map { .number((now - $0).roundedSeconds) } ?? .null,
      "qmpSocket": text(qmpSocket), "consoleSocket": text(consoleSocket), "consoleLog": .string(consoleLog),
      "qemuLog": .string(qemuLog),
    ]
  }

  /// The data of VM_STATE_CHANGED.
  package var change: JSONObject {
    [
      "name": .string(name.name), "lab": text(name.lab), "state": .string(state.rawValue),
      "desired": .string(desired.rawValue), "cause": .string(cause), "health": .string(health.rawValue),
      "wish": JSONValue(wish),
      "pid": pid.map { JSONValue($0) } ?? .null, "accelerator": text(accelerator),
    ]
  }

  private func text(_ value: String?) -> JSONValue {
    value.map { .string($0) } ?? .null
  }
}

extension Duration {
  /// Seconds with milliseconds.
  fileprivate var roundedSeconds: Double {
    Double(nanoseconds / 1_000_000) / 1000
  }
}
