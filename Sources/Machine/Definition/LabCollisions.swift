/// What two VMs of one lab cannot both have: they run at the same time.
struct LabCollisions {
  private let vms: [VMDefinition]
  /// The name that each copy comes from.
  private let originals: [String: String]

  init(_ vms: [VMDefinition], copies: [String: [String]]) {
    self.vms = vms
    originals = Dictionary(copies.flatMap { name, copies in copies.map { ($0, name) } }) { first, _ in first }
  }

  func report(_ problems: inout [Problem]) {
    for (index, vm) in vms.enumerated() {
      let before = vms[..<index]
      if before.contains(where: { $0.name == vm.name }) {
        problems.append(
          problem("there are two VMs called '\(vm.name.name)': one is a copy by 'count'", "", of: vm))
        continue
      }
      problems += uuid(vm, before) + ports(vm, before) + addresses(vm, before)
    }
  }

  private func uuid(_ vm: VMDefinition, _ before: ArraySlice<VMDefinition>) -> [Problem] {
    guard let uuid = vm.settings.uuid, let other = before.first(where: { $0.settings.uuid == uuid }) else {
      return []
    }
    let why = "the UUID \(uuid) is that of '\(other.name.name)'"
    return [problem(why + wayOut(vm, other, "leave it out, and each copy has its own"), "uuid", of: vm)]
  }

  /// A port of the host goes to one of them only.
  private func ports(_ vm: VMDefinition, _ before: ArraySlice<VMDefinition>) -> [Problem] {
    (vm.settings.ports ?? []).enumerated().compactMap { index, port in
      let other = before.first { $0.settings.ports?.contains(where: port.collides(with:)) ?? false }
      // Each VM gets a free one of its own for 0.
      guard port.hostPort != 0, let other else { return nil }
      let why = "'\(port)' wants a port of the host that '\(other.name.name)' has"
      return problem(
        why
          + wayOut(vm, other, "put ${\(Variables.copy)}, the copy's number, in it, as in \"808${copy}:80\""),
        "ports[\(index)]", of: vm)
    }
  }

  /// Two cards of one network with one MAC address hear each other's frames, or none.
  private func addresses(_ vm: VMDefinition, _ before: ArraySlice<VMDefinition>) -> [Problem] {
    (vm.settings.networks?.cards ?? []).enumerated().compactMap { index, card in
      guard let mac = card.mac else { return nil }
      let other = before.first { $0.settings.networks?.cards.contains { $0.mac == mac } ?? false }
      guard let other else { return nil }
      let why = "the MAC address \(mac) is that of a card of '\(other.name.name)'"
      return problem(
        why + wayOut(vm, other, "leave it out, and each copy has its own"), "networks[\(index)].mac", of: vm)
    }
  }

  /// What to do about two copies of one VM; nothing for VMs that stand there on their own.
  private func wayOut(_ vm: VMDefinition, _ other: VMDefinition, _ words: String) -> String {
    guard let name = originals[vm.name.name], originals[other.name.name] == name else { return "" }
    return ", another copy; \(words)"
  }

  private func problem(_ why: String, _ path: String, of vm: VMDefinition) -> Problem {
    let full = path.isEmpty ? "vms.\(vm.name.name)" : "vms.\(vm.name.name).\(path)"
    return Problem(.invalid(why), path: full, origin: vm.origins.nearest(to: path))
  }
}
