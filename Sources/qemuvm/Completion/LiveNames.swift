internal import Control
internal import Host
internal import Inspection
internal import JSON
internal import Machine

/// The names that there are at this moment, for a shell to offer: asked of a supervisor that runs, and of the lab file.
///
/// What cannot be found out is not offered, and nobody is told why: a line is being typed.
struct LiveNames {
  typealias Offer = CompletionPlace.Offer

  /// How long a supervisor may take, whatever it is asked.
  static let patience = Duration.seconds(1)

  let context: Context

  func offers(_ completion: Completion) -> [Offer] {
    switch completion {
    case .nothing, .files, .folders: []
    case .vms: vms()
    case .vmsAndLabs: vms() + labs
    case .profiles: profiles
    case .images, .imagesAndFiles:
      reply(.queryImages).compactMap { image in image["name"]?.string.map { Offer(word: $0, text: "") } }
    case .networks: networks
    case .jobs:
      reply(.queryJobs()).compactMap { job in
        job["id"]?.string.map { Offer(word: $0, text: job["type"]?.string ?? "") }
      }
    }
  }

  /// The lab file at hand, where there is one that can be read.
  private var outline: LabOutline? { (try? CurrentLab.find([], in: context))?.flatMap { try? $0.outline() } }

  private var known: [VMStatus] { reply(.queryVMs).compactMap { try? VMStatus(json: $0) } }

  /// Bare, where that means the VM; else with its lab.
  private func vms() -> [Offer] {
    let outline = outline
    let known = known
    let states = Dictionary(known.map { ($0.name, $0.state.text) }) { first, _ in first }
    let here = (outline?.vms ?? []).map { name in
      Offer(word: name, text: states[FullName(name, lab: outline?.lab)] ?? "in the lab file")
    }
    let taken = Set(here.map(\.word))
    let others = known.filter { $0.name.lab == nil || $0.name.lab != outline?.lab }
    return here
      + others.map { vm in
        let isBare = vm.name.lab == nil && !taken.contains(vm.name.name)
        return Offer(word: isBare ? vm.name.name : "\(vm.name)", text: vm.state.text)
      }
  }

  private var labs: [Offer] {
    let names = Set(known.compactMap(\.name.lab) + [outline?.lab].compactMap { $0 })
    return names.sorted().map { Offer(word: $0, text: "all VMs of the lab") }
  }

  private var profiles: [Offer] {
    let directory = (try? CurrentLab.find([], in: context))?.map(\.directory) ?? FileSystem.currentDirectory
    let names = (try? ProfileCatalog(context.locations, directory: directory).names()) ?? []
    return names.map { Offer(word: $0, text: "") }
  }

  private var networks: [Offer] {
    let lab = outline?.lab
    let names = reply(.queryNetworks(counters: false)).compactMap { try? NetworkReport(json: $0) }
      .filter { $0.name.lab == lab }.map { Offer(word: $0.name.name, text: $0.subnet ?? "") }
    return [Offer(word: "user", text: "out through the host"), Offer(word: "none", text: "no card")] + names
  }

  /// What a supervisor that runs answers; nothing where none does.
  private func reply(_ request: ControlRequest) -> [JSONValue] {
    let connector = SupervisorConnector(context: context, deadline: .now + Self.patience)
    guard let client = try? connector.connectIfRunning() else { return [] }
    return (try? client.perform(request, deadline: Self.patience))?.array ?? []
  }
}
