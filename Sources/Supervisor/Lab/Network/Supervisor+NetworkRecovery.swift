internal import Control
internal import Host
internal import Machine

// The switches that an earlier supervisor has left.
extension Supervisor {
  /// Takes those back that live, before any VM is started; until then each counts as needed.
  func adoptNetworks(_ processes: FoundProcesses, lookingUntil deadline: Instant) async {
    let folder = state.networks
    let found = processes.folders(in: "networks")
    // Where no folder is there, no switch was.
    let names = await Lane("the folder \(folder)").run(within: .seconds(1)) {
      (try? FileSystem.names(in: folder)) ?? []
    }
    let known = (names ?? Array(found.keys)).compactMap { id in
      // What is no network's is nobody's.
      (try? VMName(id: id)).map { (name: $0, pids: found[id] ?? []) }
    }
    await withTaskGroup { group in
      for (name, pids) in known {
        group.addTask { await self.adoptNetwork(name, pids, lookingUntil: deadline) }
      }
    }
  }

  private func adoptNetwork(_ name: VMName, _ pids: [Int32], lookingUntil deadline: Instant) async {
    let declaration = HelperDeclaration.unknownSwitch(of: "\(name)", in: networkFolder(name))
    let (lane, lock) = (lanes[HelperDeclaration.lane(declaration.folder)], declaration.lock)
    let holders = await lane.run(within: .seconds(2)) {
      LockHolder.settled(of: lock, found: pids, lookingUntil: deadline)
    }
    guard let holder = holders?.first(where: { declaration.isKind($0.words) }) else {
      for holder in holders ?? [] {
        Log.note("\(holder) holds the lock of the network \(name); it is left alone")
      }
      if labs[name.lab ?? ""]?.record == nil { removeNetworkFolder(of: name) }
      return
    }
    var network = makeNetwork(name, declaration)
    network.isWanted = true
    networks[name.id] = network
    await network.helper.adopt(holder.process, words: holder.words)
    network.report = await network.helper.report
    networks[name.id]?.report = network.report
  }

  /// All VMs are known: switches that nobody needs end, and those that guests miss are started again.
  func reviewNetworks() async {
    for lab in Set(networks.values.map(\.name.lab)) { reviewNetworks(of: lab) }
    var needed: Set<VMName> = []
    for report in reports.values where report.pid != nil {
      for card in report.cards {
        if let name = try? VMName(card.network, lab: report.name.lab) { needed.insert(name) }
      }
    }
    for name in needed { await bringUpToDate(name) }
  }

  /// Has the switch of a network that guests are on as the lab is now; one that runs so is left alone.
  func bringUpToDate(_ name: VMName) async {
    guard let lab = name.lab, let plan = plan(of: name.name, in: lab) else {
      return Log.note("\(name): nothing is known of this network any more, though VMs run on it")
    }
    do throws(NetworkFailure) {
      let declaration = try declaration(of: plan.get())
      // Nobody waits for it here: how it is shows in what is asked next.
      await wantedNetwork(name, declaration).want(declaration)
    } catch {
      Log.note("the switch of \(name) cannot be: \(error.words)")
    }
    reviewNetworks(of: lab)
  }

  /// The same for those of a lab's networks whose switches are there.
  func bringNetworksUpToDate(of lab: String) async {
    for network in networks.values where network.name.lab == lab && network.isWanted {
      await bringUpToDate(network.name)
    }
  }

  /// A lab is forgotten: nothing is left of its networks.
  func forgetNetworks(of lab: String, _ names: [String]) {
    for bare in names {
      // One that no network can have has no folder.
      guard let name = try? VMName(bare, lab: lab) else { continue }
      if let network = networks[name.id] {
        networks[name.id]?.isWanted = false
        network.helper.releaseSoon()
        // Its folder goes with the report of its end; of one that has none, now.
        Task {
          await network.helper.settle()
          forgetFolder(of: name)
        }
      } else {
        removeNetworkFolder(of: name)
      }
    }
  }
}
