internal import JSON

/// What `qemuvm status` shows a person: state and cause first, then configuration, use, and where things lie.
struct StatusCard {
  private static let labelWidth = 13

  private let vm: JSONObject
  private let report: ReportedVM

  init(_ vm: JSONObject) {
    self.vm = vm
    report = ReportedVM(vm)
  }

  func text(_ style: TextStyle) -> String {
    var text = "\(style.heading(report.displayName)) is \(style.state(report.stateWord, report.state))\n"
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
      ("Cause", one(report.cause)),
      ("Wanted", one(wanted)),
      ("Warnings", strings("warnings")),
      ("Next start", report.pending),
      ("Profile", one(string("profile")) + one(report.profileFile)),
      ("Machine", one(joined([fact("machine"), report.accelerator, fact("cpu").map { "CPU \($0)" }]))),
      ("CPUs", one(joined([vm["cpus"]?.int.map(String.init), share, cpuTime]))),
      ("Memory", one(joined([bytes("memoryBytes"), bytes("residentBytes").map { "\($0) resident" }]))),
      ("Firmware", one(fact("firmware"))),
      ("Kernel", one(fact("kernel")) + one(fact("append"))),
      ("Disks", facts("disks[")),
      ("Networks", facts("networks[")),
      ("Ports", one(fact("ports"))),
      ("USB", one(fact("usb"))),
      ("SMBIOS", one(fact("smbios"))),
      ("Clock", one(fact("rtc"))),
      ("QEMU", one(fact("qemu"))),
      ("Uptime", one(joined([uptime, string("startedAt").map { "since \($0)" }]))),
      ("Restarts", one(vm["restarts"]?.int.map(String.init))),
      ("PID", one(report.pid.map(String.init))),
      ("UUID", one(string("uuid"))),
      ("Defined in", one(string("file") ?? string("directory"))),
      ("Console", one(string("consoleSocket"))),
      ("Serial ports", furtherPorts),
      ("Monitor", one(string("qmpSocket"))),
      ("Logs", one(string("consoleLog")) + one(string("qemuLog"))),
    ]
    return rows.filter { !$0.1.isEmpty }
  }

  /// A value of the machine that runs, or that would: `machine` is an object of texts by key.
  private func fact(_ key: String) -> String? { vm["machine"]?[key]?.string.map(Printable.line) }

  /// All values of a list, in its order.
  private func facts(_ prefix: String) -> [String] {
    (vm["machine"]?.object?.filter { $0.key.hasPrefix(prefix) } ?? []).compactMap {
      $0.value.string.map(Printable.line)
    }
  }

  /// The serial ports beside the console.
  private var furtherPorts: [String] {
    (vm["serialPorts"]?.array ?? []).dropFirst().compactMap { port in
      guard let number = port["port"]?.int, let log = port["log"]?.string else { return nil }
      let socket = port["socket"]?.string.map { Printable.line($0) + ", " } ?? ""
      return "\(number): \(socket)\(Printable.line(log))"
    }
  }

  private var wanted: String? {
    guard let desired = string("desired") else { return nil }
    let health = string("health").flatMap { $0 == "none" ? nil : "health \($0)" }
    return joined([desired, health])
  }

  private var share: String? { vm["cpuPercent"]?.double.map { "\(Quantity.percent($0)) used" } }

  private var cpuTime: String? {
    vm["cpuSeconds"]?.double.map { "\(Quantity.decimal($0, places: 1)) s of CPU time" }
  }

  private var uptime: String? {
    vm["uptimeSeconds"]?.double.map { Quantity.elapsed(seconds: Int($0)) }
  }

  private func string(_ key: String) -> String? { vm[key]?.string.map(Printable.line) }

  private func bytes(_ key: String) -> String? { vm[key]?.uint64.map(Quantity.bytes) }

  private func strings(_ key: String) -> [String] {
    vm[key]?.array?.compactMap { $0.string.map(Printable.line) } ?? []
  }

  private func joined(_ parts: [String?]) -> String? {
    let present = parts.compactMap { $0 }
    return present.isEmpty ? nil : present.joined(separator: ", ")
  }

  private func one(_ value: String?) -> [String] { value.map { [$0] } ?? [] }
}
