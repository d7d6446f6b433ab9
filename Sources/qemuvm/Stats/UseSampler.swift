internal import Control
internal import Host
internal import JSON

/// Asks what VMs use: the supervisor for the VMs, each QEMU through it, and the kernel for processes.
///
/// All QEMUs are asked at the same time, so that one that hangs costs its own row alone. Nobody counts anything for this
/// while nobody asks.
final class UseSampler {
  /// How long a QEMU may take.
  private static let patience = Duration.seconds(1)

  private let client: ControlClient

  init(_ context: Context) throws {
    client = try SupervisorConnector(context: context).connect()
  }

  /// What each of the VMs uses, in the order of their names; of all where none is named.
  func sample(_ names: Set<FullName>?) throws -> [VMUse] {
    do {
      return try read(names)
    } catch let error as ControlError {
      throw CommandFailure(error, subject: nil)
    }
  }

  private func read(_ names: Set<FullName>?) throws -> [VMUse] {
    let vms = try [VMStatus](json: try client.perform(.queryVMs, deadline: Query.deadline))
      .filter { names?.contains($0.name) ?? true }.sorted { $0.name < $1.name }
    var questions: [Int: (vm: FullName, answer: Answer)] = [:]
    for vm in vms where vm.pid != nil {
      for answer in Answer.allCases {
        let request = ControlRequest.execute(
          name: VMReference("\(vm.name)"), command: ["execute": .string(answer.rawValue)],
          timeout: Self.patience)
        questions[try client.send(request)] = (vm.name, answer)
      }
    }
    let hasLabs = vms.contains { $0.name.lab != nil && $0.pid != nil }
    let networks = hasLabs ? try client.send(.queryNetworks(counters: true)) : nil
    var uses = Dictionary(vms.map { ($0.name, VMUse($0, at: .now)) }) { first, _ in first }
    // While the QEMUs answer.
    for vm in vms { uses[vm.name]?.readProcess() }
    var waiting = Set(questions.keys)
    if let networks { waiting.insert(networks) }
    let due = Instant.now + Self.patience
    while !waiting.isEmpty, let message = try client.next(until: due) {
      guard case .reply(let number, let result) = message, waiting.remove(number) != nil else { continue }
      if number == networks {
        // A switch that does not answer has no figures.
        let reports = (try? result.get())?.array?.compactMap { try? NetworkReport(json: $0) } ?? []
        for report in reports { Self.take(report, &uses) }
      } else if let (vm, answer) = questions[number] {
        uses[vm]?.take(answer, result)
      }
    }
    for number in waiting {
      if let (vm, _) = questions[number] { uses[vm]?.silence = "its QEMU does not answer" }
    }
    return vms.compactMap { uses[$0.name] }
  }

  /// What a QEMU is asked.
  enum Answer: String, CaseIterable, Sendable {
    case blockStatistics = "query-blockstats"
    case blocks = "query-block"
    case balloon = "query-balloon"
  }

  private static func take(_ report: NetworkReport, _ uses: inout [FullName: VMUse]) {
    for port in report.ports {
      guard let counters = port.counters else { continue }
      func counter(_ name: String) -> Int64 { Int64(counters[name]?.int ?? 0) }
      let drops = counters["drops"]?.object?.reduce(0) { $0 + ($1.value.int ?? 0) } ?? 0
      // What comes in at the switch is what the VM has sent.
      uses[FullName(port.vm, lab: report.name.lab)]?.cards.append(
        VMUse.Card(
          network: report.name.name, receivedBytes: counter("bytesOut"), sentBytes: counter("bytesIn"),
          drops: Int64(drops)))
    }
  }
}

extension VMUse {
  /// What the kernel tells of its QEMU.
  fileprivate mutating func readProcess() {
    guard let pid = vm.pid, let use = ProcessTable.use(pid: pid) else { return }
    cpuTime = use.cpuTime
    residentBytes = use.residentBytes
    vcpus = ProcessTable.vcpuTimes(pid: pid)
  }

  mutating func take(_ answer: UseSampler.Answer, _ result: Result<JSONValue, ControlError>) {
    let value: JSONValue
    do throws(ControlError) {
      value = try result.get()
    } catch {
      // Without a balloon the guest has all of its memory.
      if answer == .balloon { return }
      silence = silence ?? Printable.line(error.reason)
      return
    }
    switch answer {
    case .balloon: guestBytes = value["actual"]?.int.map(Int64.init)
    case .blockStatistics:
      let allocated = Dictionary((disks ?? []).map { ($0.name, $0.allocatedBytes) }) { first, _ in first }
      disks = (value.array ?? []).compactMap { entry in
        guard let name = entry["node-name"]?.string, let figures = entry["stats"] else { return nil }
        func figure(_ key: String) -> Int64 { Int64(figures[key]?.int ?? 0) }
        return Disk(
          name: name, readBytes: figure("rd_bytes"), writtenBytes: figure("wr_bytes"),
          reads: figure("rd_operations"), writes: figure("wr_operations"),
          allocatedBytes: allocated[name] ?? nil)
      }
    case .blocks:
      for entry in value.array ?? [] {
        guard let inserted = entry["inserted"], let name = inserted["node-name"]?.string,
          let size = inserted["image"]?["actual-size"]?.int
        else { continue }
        if let index = disks?.firstIndex(where: { $0.name == name }) {
          disks?[index].allocatedBytes = Int64(size)
        }
      }
    }
  }
}
