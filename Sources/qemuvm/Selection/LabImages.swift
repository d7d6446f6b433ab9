internal import Control
internal import Dispatch
internal import Inspection
internal import Machine
internal import Synchronization

/// The disks of a lab file's VMs, checked together before any of them starts.
///
/// An image that is not there yet is no problem here; it is one when its VM starts.
enum LabImages {
  /// How long the images may take to be looked at: a storage that hangs keeps nobody from the other VMs.
  private static let patience = DispatchTimeInterval.seconds(5)

  /// Which two VMs would use one image and, if `alone`, what is wrong with each VM's disks.
  static func problems(of vms: [FlatDefinition], alone: Bool) -> [Problem] {
    let images = images(of: vms)
    var problems: [Problem] = []
    var before: [(vm: FlatDefinition, uses: [ImageUse])] = []
    for (index, vm) in vms.enumerated() {
      let images = images[index] ?? [:]
      if alone { problems += vm.diskProblems(images).map { place($0, in: vm) } }
      let uses = vm.imageUses(of: images)
      guard !uses.isEmpty else { continue }
      problems += conflicts(of: vm, uses, with: before)
      before.append((vm, uses))
    }
    return problems
  }

  /// What each VM's images are, by its place; those that could not be looked at in time are the supervisor's to tell of.
  private static func images(of vms: [FlatDefinition]) -> [Int: [String: DiskImage]] {
    guard vms.contains(where: { $0.settings.disks?.isEmpty == false }) else { return [:] }
    let found = Found()
    let done = DispatchSemaphore(value: 0)
    DispatchQueue(label: "images").async {
      for (index, vm) in vms.enumerated() where vm.settings.disks?.isEmpty == false {
        let images = ImageInspection.images(of: vm)
        found.images.withLock { $0[index] = images }
      }
      done.signal()
    }
    _ = done.wait(timeout: .now() + patience)
    return found.images.withLock { $0 }
  }

  /// What has been found so far.
  private final class Found: Sendable {
    let images = Mutex<[Int: [String: DiskImage]]>([:])
  }

  private static func conflicts(
    of vm: FlatDefinition, _ uses: [ImageUse], with others: [(vm: FlatDefinition, uses: [ImageUse])]
  ) -> [Problem] {
    others.compactMap { other in
      guard let (use, taken) = ImageUse.conflict(uses, other.uses) else { return nil }
      let path = "\(use.key).file"
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
