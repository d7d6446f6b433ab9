internal import Control
internal import Dispatch
internal import Host
internal import Machine
internal import QMP

/// A helper of a VM that is there, or was.
///
/// Owned by the VM.
struct OwnHelper {
  /// What it is called in its VM, such as `tpm`.
  let name: String
  let process: HelperProcess

  /// For a person: `its TPM`.
  var title: String
  var log: String
  var report: HelperReport

  /// Whether it is to be there.
  var isWanted = false

  /// As everyone may know it.
  var shown: VMDetails.Helper {
    VMDetails.Helper(
      name: name, title: title, state: Word(report.state), cause: report.cause, pid: report.pid, log: log)
  }
}

// The processes beside QEMU that a VM's devices need: each is started before a QEMU, serves that one, and ends behind it.
extension VirtualMachine {
  /// How long they may take to be gone behind their QEMU, until the VM goes on without that.
  private static let patienceWithHelpers = Duration.seconds(10)

  // MARK: Before a start

  /// Sees to it that they serve; before QEMU is started.
  func readyHelpers(_ launch: Launch) async throws(ControlError) {
    let names = Set(launch.helpers.map { FileSystem.name(of: $0.folder) })
    // What the VM does not have any more is not told of.
    helpers = helpers.filter { names.contains($0.key) || $0.value.report.isAlive }
    for declaration in launch.helpers {
      let name = FileSystem.name(of: declaration.folder)
      let helper = wantHelper(name, declaration)
      guard let failure = await helper.need(declaration) else { continue }
      throw .cannot(
        "start", self.name, "\(declaration.title) \(failure.sentence)", .file,
        advice: ["Its log is \(declaration.log)."])
    }
  }

  private func wantHelper(_ name: String, _ declaration: HelperDeclaration) -> HelperProcess {
    var helper = helpers[name] ?? makeHelper(name, declaration)
    helper.isWanted = true
    // Until it says how it is.
    helper.report.isAlive = true
    (helper.title, helper.log) = (declaration.title, declaration.log)
    helpers[name] = helper
    return helper.process
  }

  private func makeHelper(_ name: String, _ declaration: HelperDeclaration) -> OwnHelper {
    let process = HelperProcess(declaration, lanes: services.lanes, files: services.files) {
      [weak self] news in
      guard let self else { return }
      executor.queue.async { self.assumeIsolated { $0.take(news, ofHelper: name) } }
    }
    return OwnHelper(
      name: name, process: process, title: declaration.title, log: declaration.log,
      report: HelperReport(state: .stopped, cause: "nothing needs it", pid: nil, restarts: 0, isAlive: false))
  }

  // MARK: What an earlier supervisor has left

  /// Takes back those that were found; without a QEMU they end, for each serves one QEMU only.
  func adoptHelpers(_ kept: KeptVM) {
    for found in kept.helpers {
      let process = wantHelper(found.name, found.declaration)
      process.adoptSoon(found.process, words: found.words)
    }
    if kept.survivor == nil { releaseHelpers() }
  }

  /// A QEMU was found, and a helper that it was started with was not.
  func refuseMissingHelpers(_ kept: KeptVM) {
    guard let missing = kept.missingHelpers.first else { return }
    apply(.helperEnded("\(missing) ended while no supervisor was running"))
  }

  // MARK: After an end

  /// None of them is needed any more; each ends, unless it is needed again.
  func releaseHelpers() {
    for (name, helper) in helpers where helper.isWanted {
      helpers[name]?.isWanted = false
      helper.process.releaseSoon()
    }
  }

  /// Those that no start waits for and no QEMU uses end.
  func releaseUnusedHelpers() {
    if !helpers.isEmpty, run == nil, !lifecycle.awaitsSpawn { releaseHelpers() }
  }

  /// Whether one of them has a process, or is on its way.
  var hasHelpers: Bool { helpers.values.contains { $0.report.isAlive } }

  /// Ends all, behind their QEMU, and returns when they are gone; gives why the first of them had ended before, if that
  /// is no answer to QEMU's own end.
  func endHelpers() async -> String? {
    guard !helpers.isEmpty else { return nil }
    var cause: String?
    for name in helpers.keys.sorted() {
      guard let helper = helpers[name] else { continue }
      helpers[name]?.isWanted = false
      let failure = await helper.process.end(within: Self.patienceWithHelpers)
      if let failure, failure.isTrouble, cause == nil {
        cause = "\(helper.title) \(failure.sentence)"
      }
      helpers[name]?.report = await helper.process.report
    }
    return cause
  }

  // MARK: What becomes of them

  private func take(_ news: HelperProcess.News, ofHelper name: String) {
    guard let helper = helpers[name] else { return }
    switch news {
    case .changed(let report):
      let wasAlive = helper.report.isAlive
      helpers[name]?.report = report
      guard wasAlive, !report.isAlive else { return }
      // Whoever waits until nothing of the VM is left.
      if run == nil, isDefined { services.changed(self.report) }
      removeIfForgotten()
    case .started(let pid): noteHelper(name, .started, pid)
    case .adopted(let pid): noteHelper(name, .adopted, pid)
    case .ended(let pid, let status, let words): noteHelper(name, .ended, pid, status, words)
    case .notStarted(let words): noteHelper(name, .failed, nil, nil, words)
    case .ownerEnds(let failure): helperEnded(helper, failure)
    case .message(let words): tell("\(helper.title): \(words)")
    }
  }

  private func noteHelper(
    _ name: String, _ action: LedgerEvent.HelperFacts.Action, _ pid: Int32?, _ status: ExitStatus? = nil,
    _ words: String = ""
  ) {
    let isWished = action == .ended && (helpers[name]?.isWanted != true || isQEMUOnItsWayOut)
    note(
      .helper(
        LedgerEvent.HelperFacts(
          helper: name, network: nil, action: action, pid: pid, status: status, words: words,
          isWished: isWished)))
  }

  /// The VM cannot go on without one that has ended, unless that is because its QEMU is ending.
  private func helperEnded(_ helper: OwnHelper, _ failure: HelperFailure) {
    guard helper.isWanted, run != nil, !isQEMUOnItsWayOut else { return }
    let words = "\(helper.title) \(failure.sentence)"
    Log.note("\(self.name): \(words)")
    apply(.helperEnded(words))
  }

  /// Whether its QEMU is ending, for a reason of its own: that a helper ends then is no cause of anything.
  ///
  /// A process that is ending closes what it has open after the kernel shows that it does, and QEMU has told why it quits
  /// before it closes anything: so a helper that has seen its QEMU go is not mistaken for one that has left it.
  private var isQEMUOnItsWayOut: Bool {
    guard let run else { return false }
    if run.exitStatus != nil { return true }
    run.connection?.assumeIsolated { _ = $0.readWaiting() }
    guard self.run === run, lifecycle.process.course == nil, lifecycle.ending == nil else { return true }
    return ProcessTable.isEnding(pid: run.process.pid)
  }
}

extension HelperFailure {
  /// Whether it says that the helper was the first to end: one that ends well has seen its QEMU go.
  fileprivate var isTrouble: Bool { reason != .ended(.code(0)) && reason != .ended(.unknown) }
}
