internal import Control
internal import Host
internal import JSON

/// What `qemuvm status` shows a person: state and cause first, then configuration, use, and where things lie.
struct StatusCard {
  private static let labelWidth = 13

  private let vm: VMDetails

  /// When the state of a VM that is down began; nil where that is not known.
  private let downSince: Timestamp?
  private var status: VMStatus { vm.status }

  init(_ vm: VMDetails, downSince: Timestamp? = nil) {
    self.vm = vm
    self.downSince = downSince
  }

  func text(_ style: TextStyle) -> String {
    let state = style.state(Printable.line(status.state.text), status.state.known)
    var text = "\(style.heading("\(vm.name)")) is \(state)\n"
    for (label, values) in rows {
      for (index, value) in values.enumerated() {
        let head = index == 0 ? label : ""
        let space = String(repeating: " ", count: Self.labelWidth - head.count)
        text += "  \(head)\(space)\(value)\n"
      }
    }
    return text
  }

  /// Labels with the lines that stand beside them; what is not known is left out.
  private var rows: [(String, [String])] {
    let rows: [(String, [String])] = [
      ("Cause", one(status.shownCause)),
      ("Since", one(downSince.map(Self.ago))),
      ("Wanted", one(wanted)),
      ("Warnings", vm.warnings.map(Printable.line)),
      ("Next start", vm.pending.map(Printable.line)),
      ("Profile", one(status.profile) + one(vm.profileFile)),
      ("Machine", one(joined([fact("machine"), status.accelerator, fact("cpu").map { "CPU \($0)" }]))),
      ("CPUs", one(joined([status.cpus.map(String.init), share, cpuTime]))),
      ("Memory", one(joined([status.memoryBytes.map(Quantity.bytes), resident]))),
      ("CPU topology", one(fact("topology"))),
      ("CPU pinning", one(fact("cpuPinning"))),
      ("Huge pages", one(fact("hugepages"))),
      ("NUMA nodes", one(fact("numa"))),
      ("Firmware", one(fact("firmware"))),
      ("Kernel", one(fact("kernel")) + one(fact("append"))),
      ("Disks", one(fact("image")) + facts("disks[")),
      ("Networks", facts("networks[")),
      ("Ports", one(fact("ports"))),
      ("Cloud-init", one(fact("cloudInit"))),
      ("SSH", one(fact("ssh"))),
      ("Display", one(fact("display"))),
      ("USB", one(fact("usb"))),
      ("TPM", one(fact("tpm"))),
      ("Shares", facts("shares[")),
      ("Sound", one(fact("sound"))),
      ("PCI devices", facts("pciPassthrough[")),
      ("vsock", one(fact("vsock"))),
      ("Balloon", one(fact("balloon"))),
      ("Boot menu", one(fact("bootMenu"))),
      ("Firmware has", one(fact("fwCfg"))),
      ("SMBIOS", one(fact("smbios"))),
      ("Clock", one(fact("rtc"))),
      ("Watchdog", one(setting("watchdog"))),
      ("Arguments", one(fact("arguments"))),
      ("Depends on", one(setting("dependsOn"))),
      ("Restart", one(setting("restart"))),
      ("Stop timeout", one(setting("stopTimeout"))),
      ("Health", one(setting("health"))),
      ("On hang", one(setting("onHang"))),
      ("On panic", one(setting("panic"))),
      ("Log limits", one(setting("logs"))),
      ("QEMU", one(fact("qemu"))),
      ("Uptime", one(joined([uptime, status.startedAt.map { "since \($0.local)" }]))),
      ("Restarts", one(status.restarts.map(String.init))),
      ("PID", one(status.pid.map { "\($0)" })),
      ("UUID", one(vm.uuid)),
      ("Defined in", one(vm.file ?? vm.directory)),
      ("Console", one(status.consoleSocket)),
      ("Serial ports", furtherPorts),
      ("Monitor", one(status.qmpSocket)),
      ("Helpers", helpers),
      ("Logs", one(status.consoleLog) + one(status.qemuLog)),
    ]
    return rows.filter { !$0.1.isEmpty }
  }

  /// A value of the machine that runs, or that would.
  private func fact(_ key: String) -> String? { vm.machine.first { $0.key == key }?.value }

  /// A key as it is written, here or in a profile; what is not written has its default.
  private func setting(_ key: String) -> String? { vm.settings?[key].map(Self.text) }

  private static func text(_ value: JSONValue) -> String {
    switch value {
    case .string(let text): text
    case .array(let elements): elements.map(text).joined(separator: ", ")
    case .object(let members): members.map { "\($0.key) \(text($0.value))" }.joined(separator: ", ")
    default: "\(value)"
    }
  }

  private static func ago(_ time: Timestamp) -> String {
    let seconds = (Timestamp.now.microseconds - time.microseconds) / 1_000_000
    return "\(time.local), \(Quantity.elapsed(seconds: Int(max(0, seconds)))) ago"
  }

  /// All values of a list, in its order.
  private func facts(_ prefix: String) -> [String] {
    vm.machine.filter { $0.key.hasPrefix(prefix) }.map { Printable.line($0.value) }
  }

  /// The serial ports beside the console.
  private var furtherPorts: [String] {
    (vm.serialPorts ?? []).dropFirst().compactMap { port in
      guard let log = port.log else { return nil }
      let socket = port.socket.map { Printable.line($0) + ", " } ?? ""
      return "\(port.port): \(socket)\(Printable.line(log))"
    }
  }

  /// The processes beside QEMU.
  private var helpers: [String] {
    vm.helpers.map { helper in
      let pid = helper.pid.map { ", process \($0)" } ?? ""
      return Printable.line(
        "\(helper.name) is \(helper.state.text)\(pid) (\(helper.cause)), log \(helper.log)")
    }
  }

  private var wanted: String? {
    joined([status.desired.text, status.health.known == Health.none ? nil : "health \(status.health.text)"])
  }

  private var share: String? { vm.cpuPercent.map { "\(Quantity.percent($0)) used" } }

  private var cpuTime: String? { vm.cpuSeconds.map { "\(Quantity.decimal($0, places: 1)) s of CPU time" } }

  private var resident: String? {
    vm.residentBytes.map { "\(Quantity.bytes(UInt64(clamping: $0))) resident" }
  }

  private var uptime: String? { status.uptimeSeconds.map { Quantity.elapsed(seconds: Int($0)) } }

  private func joined(_ parts: [String?]) -> String? {
    let present = parts.compactMap { $0 }
    return present.isEmpty ? nil : present.joined(separator: ", ")
  }

  private func one(_ value: String?) -> [String] { value.map { [Printable.line($0)] } ?? [] }
}
