internal import Control
internal import Machine

// The order in which VMs start and end, kept by what they report: nothing is asked again and again.
extension Supervisor {
  /// What a VM with these dependencies still waits for; called on its own queue.
  func unmet(_ dependencies: [Dependency], of name: VMName) -> [UnmetDependency] {
    order.unmet(dependencies, of: name)
  }

  /// A VM has said how it is: it may go on, and so may those that wait for it.
  func follow(_ report: VMReport) {
    order.update(report.name, report.orderFacts)
    if report.isEndHeld { heldEnds.insert(report.name) } else { heldEnds.remove(report.name) }
    review(report.name)
  }

  /// A VM is no more.
  func followRemoval(of name: VMName) {
    order.update(name, nil)
    heldEnds.remove(name)
    review(name)
  }

  /// A VM could not be brought to its definition, which those that wait for it should say.
  func followRefusal(of name: VMName, because words: String) {
    order.refuse(name, because: words)
    review(name)
  }

  private func review(_ name: VMName) {
    guard !isRecovering else { return }
    reviewStart(of: name)
    for dependent in order.dependents(of: name) { reviewStart(of: dependent) }
    if !heldEnds.isEmpty { reviewEnds() }
  }

  /// All VMs are known again: whoever waited for that goes on.
  func reviewAll() {
    isRecovering = false
    for report in reports.values { reviewStart(of: report.name) }
    reviewEnds()
  }

  private func reviewStart(of name: VMName) {
    guard let report = reports[name.id], let held = report.hold, let machine = machines[name.id] else {
      return
    }
    let unmet = order.unmet(report.dependencies, of: name)
    if unmet != held { machine.hold(for: unmet, number: report.holds) }
  }

  /// Lets those end that nothing keeps from it any more.
  func reviewEnds() {
    for name in heldEnds {
      guard let report = reports[name.id], let machine = machines[name.id] else { continue }
      let blockers = order.blockers(ofEndOf: name) {
        isStandingDown || ending[$0] != nil || reports[$0.id]?.desired == .stopped
      }
      if blockers.isEmpty { machine.releaseEnd(number: report.holds) }
    }
  }

  /// Refuses a definition with which VMs would wait for each other without end.
  func refuseCircle(_ record: VMRecord) throws(ControlError) {
    let name = record.definition.name
    guard !record.definition.dependencies.isEmpty else { return }
    let others = reports.values.filter { $0.name.lab == name.lab && $0.name != name }
    let order = LabOrder(
      [(name.name, record.definition.dependencies)] + others.map { ($0.name.name, $0.dependencies) })
    guard let circle = order.circles.first(where: { $0.contains(name.name) }) else { return }
    let place = record.definition.origins.nearest(to: "dependsOn").map { "\($0): " } ?? ""
    throw ControlError(
      .invalid, "\(place)dependsOn: VMs wait for each other in a circle: \(circle.joined(separator: " -> "))",
      vm: name.full)
  }

  /// What an end is held back for if all of these VMs end, in words; nil where nothing holds it.
  func holdOfEnd(of name: VMName, among names: Set<VMName>) -> String? {
    let others = order.blockers(ofEndOf: name) { names.contains($0) }
    guard !others.isEmpty else { return nil }
    let words = others.map(\.name).joined(separator: " and ")
    return "to be stopped when \(words) \(others.count == 1 ? "has" : "have") ended"
  }
}

extension VMReport {
  /// What the order of a lab goes by.
  var orderFacts: FleetOrder.Facts {
    var facts = FleetOrder.Facts(state: state, isAlive: keepsSupervisor)
    facts.health = health
    facts.cause = cause
    facts.hasEndedByItself = hasEndedByItself
    facts.isUnkillable = isUnkillable
    facts.dependencies = dependencies
    return facts
  }
}
