internal import Control
internal import Glibc
internal import Host
internal import JSON
internal import Machine

// What the supervisor records of itself, and what is asked of the ledger: read away from the queues that answer.
extension Supervisor {
  nonisolated func recordStart() {
    ledger.append(.started, version: "\(qemuvmVersion)", pid: getpid())
  }

  /// Records that this supervisor leaves; returns when that is on disk, or the disk takes too long.
  nonisolated func recordLeave(_ why: String) {
    ledger.append(.leaving, why: why, version: "\(qemuvmVersion)", pid: getpid())
    ledger.settle()
  }

  /// `query-events`: the records between two numbers, of one VM or all, at most so many of the youngest.
  ///
  /// `complete` is false when older ones were left out; `name` and `lab` are the VM's that the name meant.
  func events(of vm: VMReference?, since: Int?, before: Int?) async throws(ControlError) -> JSONValue {
    var name: VMName?
    if let vm { name = try await recorded(vm) }
    let query = LedgerQuery(
      name.map { .vm($0, gaps: false) } ?? .everyone, since: since ?? 0, before: before ?? .max)
    let page = try await read(query)
    return LedgerPage(name: name?.full, records: page.records, isComplete: page.isComplete).json
  }

  /// `query-why`: a verdict on a VM, with what it rests on.
  func why(_ vm: VMReference) async throws(ControlError) -> JSONValue {
    let name = try await recorded(vm)
    // The last report, and not the VM itself: it may be busy with a sick QEMU.
    let report = reports[name.id]
    var query = LedgerQuery(.vm(name, gaps: true))
    query.countLimit = 200
    let page = try await read(query)
    let folder = state.folder(of: name.id)
    let troubles = await networkTroubles(of: report)
    return await offQueue {
      let diagnosis = Diagnosis(of: name, report: report, records: page.records, networkTroubles: troubles)
      return diagnosis.reply(
        qemuLog: LogTail.lines(of: folder.qemuLog, since: diagnosis.lastStart),
        console: LogTail.lines(of: folder.consoleLog)
      ).json
    }
  }

  /// The VM that a name means: one that is there, else one that has records.
  private func recorded(_ vm: VMReference) async throws(ControlError) -> VMName {
    let refusal: ControlError
    do throws(ControlError) {
      return try identify(vm)
    } catch {
      // One that is there and another file's has been found, too.
      guard error.kind == .notFound else { throw error }
      refusal = error
    }
    guard let name = try? VMName(parsing: vm.name) else { throw refusal }  // The refusal says so already.
    let reader = ledger.reader
    let bearers = try await reading { () throws(SystemError) in try reader.names(bearing: name.name) }
    if bearers.contains(name.full) { return name }
    // A record of a name that no VM can have is nobody's.
    guard name.lab == nil, bearers.count == 1, let only = bearers.first.flatMap({ try? VMName($0) }) else {
      throw refusal
    }
    return only
  }

  private func read(_ query: LedgerQuery) async throws(ControlError) -> LedgerReader.Page {
    let reader = ledger.reader
    return try await reading { () throws(SystemError) in try reader.read(query) }
  }

  /// Reads when all that was recorded up to the question is written.
  private func reading<Value: Sendable>(
    _ work: @escaping @Sendable () throws(SystemError) -> Value
  ) async throws(ControlError) -> Value {
    await ledger.catchUp()
    do throws(SystemError) {
      return try await offQueue(work)
    } catch {
      throw ControlError(.failed, "the ledger cannot be read: \(error)")
    }
  }
}
