internal import Control
internal import Host
internal import JSON
internal import Machine

// `query-jobs`: qemuvm's own, and those of QEMUs.
extension Supervisor {
  /// How long a QEMU may take to tell of its jobs: one that hangs has none that anybody could do something about.
  private static let jobsPatience = Duration.seconds(2)

  func queryJobs(id: String?, of vm: VMReference?) async throws(ControlError) -> JSONValue {
    if let id { return .array([.object(try await jobs.report(id).json)]) }
    let own = await jobs.reports
    guard let vm else {
      let running = reports.values.filter { $0.pid != nil }.map(\.name).sorted()
      return .array((own + (await jobsOfQEMU(running))).map { .object($0.json) })
    }
    let name = try identify(vm)
    let theirs = own.filter { $0.vm == name.name && $0.lab == name.lab }
    return .array((theirs + (await jobsOfQEMU([name]))).map { .object($0.json) })
  }

  /// The jobs that QEMUs have, each VM's behind the other's; QEMU: `query-jobs`, since 3.0.
  private func jobsOfQEMU(_ names: [VMName]) async -> [JobReport] {
    let command: JSONObject = ["execute": "query-jobs"]
    // All at the same time; the answers stand in the order of the names.
    let asked = names.compactMap { name in
      machines[name.id].map { machine in
        // One that has no QEMU now, or does not answer, tells of none.
        (name: name, answer: Task { try? await machine.execute(command, timeout: Self.jobsPatience) })
      }
    }
    var found: [JobReport] = []
    for (name, answer) in asked {
      for json in await answer.value?.array ?? [] {
        // What a newer QEMU tells otherwise is left out.
        guard var job = try? JobReport(json: json) else { continue }
        (job.vm, job.lab) = (name.name, name.lab)
        found.append(job)
      }
    }
    return found
  }
}
