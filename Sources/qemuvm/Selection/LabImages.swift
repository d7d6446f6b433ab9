internal import Machine
internal import Supervisor

/// The disks of a lab file's VMs, checked together before any of them starts.
///
/// An image that is not there yet is no problem here; it is one when its VM starts.
enum LabImages {
  /// Which two VMs would use one image and, if `alone`, what is wrong with each VM's disks.
  static func problems(of vms: [FlatDefinition], alone: Bool) -> [Problem] {
    var problems: [Problem] = []
    var before: [(vm: FlatDefinition, uses: [ImageUse])] = []
    for vm in vms {
      let images = ImageInspection.images(of: vm)
      if alone { problems += vm.diskProblems(images).map { place($0, in: vm) } }
      let uses = vm.imageUses(of: images)
      problems += conflicts(of: vm, uses, with: before)
      before.append((vm, uses))
    }
    return problems
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
