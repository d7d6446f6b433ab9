package import Control
internal import Host
package import JSON
internal import Machine

// What is asked of a VM without changing it.
extension VirtualMachine {
  package var isDefined: Bool { record != nil || damage != nil || isUnread }

  /// The object of `status VM --json`: the fields of `ls` and more.
  package func details() -> JSONValue {
    var details = VMDetails(status: report.status())
    details.uuid = record.map { "\($0.uuid)" }
    details.directory = record?.directory
    details.file = record?.file
    details.profileFiles = record?.profileFiles ?? []
    details.definition = record?.definition.shownJSON
    details.settings = record?.flat.settings.shownJSON
    let shown = run?.machine ?? launch?.machine.description
    details.machine = shown?.texts.facts ?? []
    details.pending = pending(launch)
    details.warnings = [launch?.machine.acceleratorNote].compactMap { $0 }
    details.serialPorts = serialPorts(of: shown)
    details.helpers = helpers.values.sorted { $0.name < $1.name }.map(\.shown)
    details.healthCause = lifecycle.state == .running ? lifecycle.guest.check?.waitsFor : nil
    details.consoleStart = run?.consoleStart
    details.ssh = shown?.ssh.map(ssh)
    let use = measureUse()
    details.cpuSeconds = use?.cpuSeconds
    details.cpuPercent = use?.percent
    details.residentBytes = use?.residentBytes
    return .object(details.json)
  }

  /// How a client of ssh gets in.
  private func ssh(_ access: SSHAccess) -> VMDetails.SSH {
    let places = services.firstBoot
    return VMDetails.SSH(
      host: access.host, port: access.port, user: access.user, identityFile: places.identity,
      knownHostsFile: access.isVerified ? places.knownHosts : places.learnedHosts,
      hostKeyAlias: places.hostAlias, isVerified: access.isVerified)
  }

  /// Each serial port with its socket and its log.
  private func serialPorts(of machine: MachineDescription?) -> [VMDetails.SerialPort] {
    let count = run?.serialPorts ?? machine?.serialPorts ?? 1
    return (0..<count).map { index in
      let port = index + 1
      return VMDetails.SerialPort(
        port: port, socket: run?.consoles[port] == nil ? nil : sharedSerialSocket(port),
        log: folder.serialLog(port))
    }
  }

  /// The exact command line, the program first: of the QEMU that runs, else of the next one.
  package func commandLine() async throws(ControlError) -> JSONValue {
    try refuseUnread("show")
    guard let record else { throw .noSuchVM("\(name)") }
    if let pid = run?.process.pid {
      // It lies in that process's memory, which a QEMU that hangs in the kernel may not let go of.
      let words = await lane.run(within: Self.diskPatience) { ProcessTable.arguments(pid: pid) }
      guard let words else {
        throw ControlError(.failed, "\(name): /proc/\(pid)/cmdline cannot be read: no answer from the kernel")
      }
      if let words { return .array(words.map { .string($0) }) }
    }
    let shown = try await prepare(record, .show)
    return .array(([shown.program] + shown.arguments).map { .string($0) })
  }

  /// What QEMU has used, and its share of one CPU since the last look, in percent; nil at the first look.
  private func measureUse() -> (cpuSeconds: Double, percent: Double?, residentBytes: Int64)? {
    guard let pid = run?.process.pid, let use = ProcessTable.use(pid: pid) else { return nil }
    let now = Instant.now
    var percent: Double?
    if let last = lastUse, last.pid == pid, now > last.at {
      let share = (use.cpuTime - last.cpuTime).seconds / (now - last.at).seconds
      percent = (share * 1000).rounded() / 10
    }
    lastUse = (now, use.cpuTime, pid)
    return (use.cpuTime.seconds, percent, use.residentBytes)
  }
}
