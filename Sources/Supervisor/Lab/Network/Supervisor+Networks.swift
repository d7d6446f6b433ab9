internal import Control
internal import Dispatch
internal import Host
internal import JSON
internal import Machine
internal import Network

// The private networks of labs: each has a switch while a VM is on it that has a process or will have one by itself.
extension Supervisor {
  /// Sees to it that the switches of a VM's networks take frames; before its QEMU starts.
  func makeNetworksReady(for name: VMName, _ cards: [LabCard]) async throws(ControlError) {
    for card in cards {
      let declaration = try declaration(of: card.network, for: name, cards)
      let network = try network(card.network, of: name)
      if let failure = await wantedNetwork(network, declaration).need(declaration) {
        throw .cannot(
          "start", name, "\(declaration.title), its network, \(failure.sentence)",
          advice: ["'qemuvm network ls' shows how it is; its log is \(declaration.log)."])
      }
    }
    // It may have been stopped meanwhile, and nobody else be there.
    reviewNetworks(of: name.lab)
  }

  /// The switch of a network that is to be there from now on.
  func wantedNetwork(_ name: VMName, _ declaration: HelperDeclaration) -> HelperProcess {
    var network = networks[name.id] ?? makeNetwork(name, declaration)
    network.isWanted = true
    networks[name.id] = network
    return network.helper
  }

  func makeNetwork(_ name: VMName, _ declaration: HelperDeclaration) -> LabNetwork {
    let helper = HelperProcess(declaration, lanes: lanes, files: files) { [weak self] news in
      guard let self else { return }
      executor.queue.async { self.assumeIsolated { $0.take(news, of: name) } }
    }
    return LabNetwork(
      name: name, helper: helper,
      report: HelperReport(state: .stopped, cause: "nothing needs it", pid: nil, restarts: 0, isAlive: false))
  }

  private func network(_ bare: String, of vm: VMName) throws(ControlError) -> VMName {
    do throws(NameError) {
      return try VMName(bare, lab: vm.lab)
    } catch {
      throw .cannot("start", vm, "'\(bare)' cannot be a network: \(error)")
    }
  }

  // MARK: Who is on them

  /// Whether a network has a VM that has a process or will have one by itself, or one may have: its files do not answer.
  private func isUsed(_ name: VMName) -> Bool {
    reports.values.contains { report in
      report.name.lab == name.lab
        && (report.isUnread || report.keepsSupervisor && report.cards.contains { $0.network == name.name })
    }
  }

  /// The VMs with a process that have a card on it.
  func guests(on name: VMName) -> [VMName] {
    reports.values.filter { report in
      report.name.lab == name.lab && report.keepsSupervisor
        && report.cards.contains { $0.network == name.name }
    }.map(\.name).sorted()
  }

  /// Ends the switches of a lab that nobody needs any more.
  func reviewNetworks(of lab: String?) {
    guard !networks.isEmpty, !isRecovering else { return }
    for (id, network) in networks where network.name.lab == lab && network.isWanted && !isUsed(network.name) {
      networks[id]?.isWanted = false
      network.helper.releaseSoon()
    }
  }

  /// A VM's report has come: it may have been the last on a network.
  func followNetworks(_ report: VMReport) {
    if !report.keepsSupervisor { reviewNetworks(of: report.name.lab) }
  }

  // MARK: What they are

  /// The networks of a lab as it was last brought up.
  func networks(of lab: String) -> LabNetworks {
    // What was kept had been read.
    labs[lab]?.record.flatMap { try? LabNetworks(json: $0.networks) } ?? LabNetworks()
  }

  /// Refuses a card on a network that the VM's lab does not have.
  func refuseUnknownNetwork(_ record: VMRecord) throws(ControlError) {
    let name = record.definition.name
    guard let lab = name.lab else { return }
    let cards = record.flat.labCards(uuid: record.uuid)
    // A lab that was never brought up as one has no networks yet: its VMs are created, and start with it.
    guard !cards.isEmpty, labs[lab]?.record != nil else { return }
    let known = networks(of: lab)
    for card in cards where known[card.network] == nil {
      throw ControlError(
        .invalid, "networks: \(known.unknown(card.network))", vm: name.full,
        advice: ["A lab's file has its networks; 'qemuvm up' makes them known."])
    }
  }

  /// What the switch of a network is told, with the cards of one VM as it is about to start.
  private func declaration(
    of network: String, for vm: VMName, _ own: [LabCard]
  ) throws(ControlError) -> HelperDeclaration {
    guard let lab = vm.lab, let plan = plan(of: network, in: lab, with: (vm, own)) else {
      throw .cannot(
        "start", vm, "its network '\(network)' is not one of its lab's",
        advice: ["'qemuvm up' with the lab's file brings its networks along."])
    }
    do throws(NetworkFailure) {
      return try declaration(of: plan.get())
    } catch {
      throw .cannot("start", vm, "its network '\(network)': \(error.words)", .file)
    }
  }

  func declaration(of plan: NetworkPlan) throws(NetworkFailure) -> HelperDeclaration {
    let ends = plan.cards.map {
      networkPaths(vm: $0.vm, lab: plan.network.lab ?? "").ends(on: plan.network.name)
    }
    do throws(NetworkDefinition.Problem) {
      return .networkSwitch(try plan.definition(), in: networkFolder(plan.network), ends)
    } catch {
      throw NetworkFailure(words: "\(error)")
    }
  }

  func networkFolder(_ name: VMName) -> String { state.networks + "/" + name.id }

  private func networkPaths(vm: String, lab: String) -> NetworkPaths {
    NetworkPaths(folder: state.networks, lab: lab, vm: vm)
  }

  /// What a network of a lab is now; nil where the lab has none of that name.
  ///
  /// What it decides anew, such as the address of a VM that has just come, is kept.
  func plan(
    of network: String, in lab: String, with starting: (name: VMName, cards: [LabCard])? = nil
  ) -> Result<NetworkPlan, NetworkFailure>? {
    guard let record = labs[lab]?.record else { return nil }
    let plan = NetworkPlan.make(of: network, in: record) { vm in
      starting?.name.name == vm ? starting?.cards ?? [] : cards(of: vm, in: lab, record)
    }
    if let decided = try? plan?.get(), decided.addresses != record.addresses[network] {
      labs[lab]?.record?.addresses[network] = decided.addresses
      keepSoon(lab)
    }
    return plan
  }

  /// The cards of a VM: as it runs, else as it is about to be, else as it is defined.
  private func cards(of vm: String, in lab: String, _ record: LabRecord) -> [LabCard] {
    // A name that no VM can have has no cards.
    let report = (try? VMName(vm, lab: lab)).flatMap { reports[$0.id] }
    if let running = report?.runningCards { return running }
    if case .up(let next)? = record.pending[vm]?.wish { return next.flat.labCards(uuid: next.uuid) }
    return report?.definedCards ?? []
  }

  // MARK: What becomes of their switches

  private func take(_ news: HelperProcess.News, of name: VMName) {
    switch news {
    case .changed(let report):
      networks[name.id]?.report = report
      if !report.isAlive, networks[name.id]?.isWanted == false { forgetFolder(of: name) }
      tellIfDown()
      changed()
    case .started(let pid): note(name, .started, pid)
    case .adopted(let pid): note(name, .adopted, pid)
    case .ended(let pid, let status, let words): note(name, .ended, pid, status, words)
    case .notStarted(let words): note(name, .failed, nil, nil, words)
    // A switch's death is never the guests'.
    case .ownerEnds: break
    case .message(let words): Log.note("\(name): its switch: \(words)")
    }
  }

  private func note(
    _ name: VMName, _ action: LedgerEvent.HelperFacts.Action, _ pid: Int32?, _ status: ExitStatus? = nil,
    _ words: String = ""
  ) {
    // One that has to end by itself is nobody's trouble.
    let isWished = action == .ended && networks[name.id]?.isWanted != true
    let facts = LedgerEvent.HelperFacts(
      helper: "switch", network: name.name, action: action, pid: pid, status: status, words: words,
      isWished: isWished)
    for guest in guests(on: name) { ledger.append(.helper(facts), of: guest) }
    if action == .ended, !isWished {
      let failure = HelperFailure(.ended(status ?? .unknown), words: words)
      Log.note("the switch of \(name), process \(pid ?? 0), \(failure.sentence)")
    }
  }

  /// A network without a switch and without a lab leaves nothing.
  func forgetFolder(of name: VMName) {
    guard labs[name.lab ?? ""]?.record == nil, networks[name.id]?.isWanted == false else { return }
    networks[name.id] = nil
    removeNetworkFolder(of: name)
  }

  /// Behind whatever its switch does there.
  func removeNetworkFolder(of name: VMName) {
    let folder = networkFolder(name)
    let lane = lanes[HelperDeclaration.lane(folder)]
    networkLanes[name.id] = lane
    lane.add {
      // Somebody may have begun anew; what stays harms nobody.
      guard (try? FileLock.isHeld(folder + "/lock")) != true else { return }
      try? FileSystem.removeTree(folder)
    }
  }
}
