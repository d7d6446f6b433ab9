internal import Host
package import JSON

/// The process that a VM was made for, and with which it goes: `run`.
///
/// A number alone may be another's by now: when it began, by the kernel's ticks since the boot, tells it from those.
/// Nothing is signalled by it.
package struct Holder: Sendable, Equatable {
  let pid: Int32
  let start: Int
  let boot: String

  /// Nil for a process that is gone.
  static func hold(_ pid: Int32) -> (holder: Holder, process: ChildProcess)? {
    // First the hold, then what it is that is held.
    guard let process = try? ChildProcess(adopting: pid), let start = ProcessTable.startTicks(pid: pid),
      !process.hasExited
    else { return nil }
    return (Holder(pid: pid, start: start, boot: StateDirectory.bootID), process)
  }

  /// The process; nil when it is gone.
  var process: ChildProcess? {
    guard boot == StateDirectory.bootID, let (holder, process) = Self.hold(pid), holder == self else {
      return nil
    }
    return process
  }
}

extension Holder: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    let object = try JSONObject(json: json)
    self.init(
      pid: Int32(clamping: try object.required("pid", as: Int.self)), start: try object.required("start"),
      boot: try object.required("boot"))
  }

  var json: JSONValue {
    ["pid": JSONValue(Int(pid)), "start": JSONValue(start), "boot": .string(boot)]
  }
}
