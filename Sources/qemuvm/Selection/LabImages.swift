internal import Control
internal import Dispatch
internal import Host
internal import Inspection
internal import Machine
internal import Synchronization

/// The disks of a lab file's VMs, checked together before any of them starts.
///
/// A file that is not there yet is no problem here, for somebody may make it; it is one when its VM starts.
enum LabImages {
  /// How long the images may take to be looked at: a storage that hangs keeps nobody from the other VMs.
  private static let patience = DispatchTimeInterval.seconds(5)

  /// Which two VMs would use one image and, if `alone`, what is wrong with each VM's disks.
  static func problems(of vms: [FlatDefinition], alone: Bool, _ context: Context) -> [Problem] {
    let state = context.locations.state
    let found = facts(of: vms, state: state)
    var problems: [Problem] = []
    var before: [(vm: FlatDefinition, uses: [ImageUse])] = []
    for (index, vm) in vms.enumerated() {
      // What is not known to be missing is not said to be.
      guard let facts = found[index] ?? facts(withoutLooking: vm, state: state) else { continue }
      if alone {
        let missing = found[index] == nil ? [] : vm.missingImages(facts)
        problems += (vm.diskProblems(facts) + missing).map { place($0, in: vm) }
      }
      let uses = vm.imageUses(facts)
      guard !uses.isEmpty else { continue }
      problems += conflicts(of: vm, uses, with: before)
      before.append((vm, uses))
    }
    return problems
  }

  /// What each VM's images are, by its place; those that could not be looked at in time are the supervisor's to tell of.
  private static func facts(of vms: [FlatDefinition], state: String) -> [Int: DiskFacts] {
    guard vms.contains(where: { !$0.settings.diskEntries.isEmpty }) else { return [:] }
    let found = Found()
    let done = DispatchSemaphore(value: 0)
    DispatchQueue(label: "images").async {
      // Paths are as the supervisor has them, through no link.
      let state = (try? FileSystem.resolved(state)) ?? state
      for (index, vm) in vms.enumerated() where !vm.settings.diskEntries.isEmpty {
        let facts = ImageInspection.facts(of: vm, in: .of(vm.name, state: state), .of(state: state))
        found.facts.withLock { $0[index] = facts }
      }
      done.signal()
    }
    _ = done.wait(timeout: .now() + patience)
    return found.facts.withLock { $0 }
  }

  /// What is known of a VM's disks without a look at any file; nil where the store would have to be asked.
  private static func facts(withoutLooking vm: FlatDefinition, state: String) -> DiskFacts? {
    vm.storedImages.isEmpty ? DiskFacts(folders: .of(vm.name, state: state)) : nil
  }

  /// What has been found so far.
  private final class Found: Sendable {
    let facts = Mutex<[Int: DiskFacts]>([:])
  }

  private static func conflicts(
    of vm: FlatDefinition, _ uses: [ImageUse], with others: [(vm: FlatDefinition, uses: [ImageUse])]
  ) -> [Problem] {
    others.compactMap { other in
      guard let (use, taken) = ImageUse.conflict(uses, other.uses) else { return nil }
      let path = use.sourceKey
      let problem = Problem(
        .invalid(use.reason(against: taken, of: other.vm.name.name)), path: path,
        origin: vm.origins.nearest(to: path))
      return place(problem, in: vm)
    }
  }

  private static func place(_ problem: Problem, in vm: FlatDefinition) -> Problem {
    Problem(problem.reason, path: "vms.\(vm.name.name).\(problem.path)", origin: problem.origin)
  }
}
