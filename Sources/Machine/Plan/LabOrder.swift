/// The order in which VMs that depend on each other start and end; pure.
///
/// However long a chain somebody writes: nothing here recurses.
package struct LabOrder: Sendable, Equatable {
  /// The VMs in layers: each depends on VMs of earlier layers alone, and those of one layer on none of each other.
  ///
  /// A VM in a circle, or behind one, is in none.
  package let startLayers: [[String]]

  /// The circles in which VMs wait for each other, each as a path that ends where it begins.
  package let circles: [[String]]

  private let dependencies: [String: [Dependency]]

  /// From each VM in the order of the file; what depends on a VM that is not there does not wait for it here.
  package init(_ vms: [(name: String, dependencies: [Dependency])]) {
    dependencies = Dictionary(vms.map { ($0.name, $0.dependencies) }) { first, _ in first }
    // By place in the file, so that each layer keeps the file's order.
    let places = Dictionary(vms.enumerated().map { ($1.name, $0) }) { first, _ in first }
    var missing = vms.map { vm in vm.dependencies.filter { places[$0.name] != nil }.count }
    var dependents: [Int: [Int]] = [:]
    for (place, vm) in vms.enumerated() {
      for dependency in vm.dependencies {
        if let other = places[dependency.name] { dependents[other, default: []].append(place) }
      }
    }
    var layers: [[String]] = []
    var layer = vms.indices.filter { missing[$0] == 0 }
    while !layer.isEmpty {
      layers.append(layer.map { vms[$0].name })
      var next: [Int] = []
      for dependent in layer.flatMap({ dependents[$0] ?? [] }) {
        missing[dependent] -= 1
        if missing[dependent] == 0 { next.append(dependent) }
      }
      layer = next.sorted()
    }
    let waiting = vms.indices.filter { missing[$0] > 0 }.map { vms[$0].name }
    startLayers = layers
    circles = Self.circles(among: waiting, dependencies)
  }

  /// The layers in which the VMs end: what depends on others before those.
  package var stopLayers: [[String]] { startLayers.reversed() }

  /// VMs with all that they depend on, directly or not.
  package func closure(of names: some Sequence<String>) -> Set<String> {
    var (found, next) = (Set<String>(), Array(names))
    while let name = next.popLast() {
      guard dependencies[name] != nil, found.insert(name).inserted else { continue }
      next += (dependencies[name] ?? []).map(\.name)
    }
    return found
  }

  /// Follows what each VM waits for until a name comes again.
  private static func circles(
    among stuck: [String], _ dependencies: [String: [Dependency]]
  ) -> [[String]] {
    var (rest, circles) = (Set(stuck), [[String]]())
    for start in stuck {
      var path = [start]
      while let last = path.last, rest.contains(last) {
        guard let next = (dependencies[last] ?? []).first(where: { rest.contains($0.name) })?.name else {
          rest.remove(last)
          break
        }
        if let first = path.firstIndex(of: next) {
          circles.append(inOrder(Array(path[first...]), stuck))
          rest.subtract(path)
        }
        path.append(next)
      }
    }
    return circles
  }

  /// The circle from the VM that stands first in the file.
  private static func inOrder(_ circle: [String], _ order: [String]) -> [String] {
    let places = circle.map { order.firstIndex(of: $0) ?? 0 }
    let start = places.indices.min { places[$0] < places[$1] } ?? 0
    let turned = Array(circle[start...] + circle[..<start])
    return turned + turned.prefix(1)
  }
}

extension LabOrder {
  /// What no lab can have: a VM that depends on one that is not there, and VMs that wait for each other.
  package static func problems(of vms: [VMDefinition]) -> [Problem] {
    let names = vms.map(\.name.name)
    let known = Set(names)
    var problems: [Problem] = []
    for vm in vms {
      for (index, dependency) in vm.dependencies.enumerated() where !known.contains(dependency.name) {
        let others = names.filter { $0 != vm.name.name }
        let nearest = nearestName(to: dependency.name, among: others)
        problems.append(
          problem(
            .unknownName(dependency.name, kind: "VM", nearest: nearest, known: others), of: vm.name.name,
            vm.origins, dependency.name, index))
      }
    }
    let order = LabOrder(vms.map { ($0.name.name, $0.dependencies) })
    for circle in order.circles {
      guard let vm = vms.first(where: { $0.name.name == circle[0] }),
        let index = vm.dependencies.firstIndex(where: { $0.name == circle[1] })
      else { continue }
      problems.append(
        problem(
          .invalid("VMs wait for each other in a circle: \(circle.joined(separator: " -> "))"),
          of: vm.name.name, vm.origins, circle[1], index))
    }
    return problems
  }

  /// What no VM can wait for, as the VMs are with their profiles: that a guest is healthy which nobody looks after, or
  /// that one ends which starts again each time.
  package static func problems(ofConditionsIn vms: [FlatDefinition]) -> [Problem] {
    let others = Dictionary(vms.map { ($0.name.name, $0) }) { first, _ in first }
    return vms.flatMap { vm in
      (vm.settings.dependsOn?.dependencies ?? []).enumerated().compactMap { index, dependency in
        guard let why = others[dependency.name]?.refusal(of: dependency.condition) else { return nil }
        return problem(.invalid(why), of: vm.name.name, vm.origins, dependency.name, index)
      }
    }
  }

  private static func problem(
    _ reason: Problem.Reason, of vm: String, _ origins: Origins, _ dependency: String, _ index: Int
  ) -> Problem {
    let (origin, path) = origins.dependency(dependency, at: index)
    return Problem(reason, path: "vms.\(vm).\(path)", origin: origin)
  }
}

extension FlatDefinition {
  /// Why nobody can wait for it to be so; nil where one can.
  fileprivate func refusal(of condition: Dependency.Condition) -> String? {
    switch condition {
    case .healthy where health == nil:
      "'\(name.name)' has no key 'health', so nobody looks whether it is healthy; give it one, "
        + "such as health: {}, or wait for it to be \"started\""
    case .stopped where restartPolicy.mode == .always:
      "'\(name.name)' starts again whenever it ends (restart: \"always\"), so it never stays stopped; "
        + "give it another policy, or wait for it to be \"started\""
    case .started, .healthy, .stopped: nil
    }
  }
}
