import Control
import Machine
import Testing

@testable import Supervisor

@Suite("Which VM may start and which may end")
struct FleetOrderTests {
  private static func name(_ name: String) -> VMName {
    guard let name = try? VMName(name, lab: "shop") else { preconditionFailure("no name: \(name)") }
    return name
  }

  private static func facts(
    _ state: VMState, health: Health = .none, endedByItself: Bool = false,
    on dependencies: [Dependency] = []
  ) -> FleetOrder.Facts {
    var facts = FleetOrder.Facts(
      state: state, isAlive: state.isUp || state == .waiting || state == .backoff)
    facts.health = health
    facts.cause = "why"
    facts.hasEndedByItself = endedByItself
    facts.dependencies = dependencies
    return facts
  }

  /// Every state × condition; nil is met, else what is said.
  private static let conditions: [(VMState, Health, Bool, [Dependency.Condition: String?])] = [
    (
      .stopped, .none, false,
      [
        .started: "db, which is stopped: why", .healthy: "db, which is stopped: why",
        .stopped: "db, which is stopped: why",
      ]
    ),
    (
      .stopped, .none, true,
      [.started: "db, which is stopped: why", .healthy: "db, which is stopped: why", .stopped: nil]
    ),
    (
      .waiting, .none, false,
      [.started: "db to be started", .healthy: "db to be healthy", .stopped: "db to be stopped"]
    ),
    (
      .starting, .starting, false,
      [.started: "db to be started", .healthy: "db to be healthy", .stopped: "db to be stopped"]
    ),
    (
      .running, .starting, false,
      [.started: nil, .healthy: "db to be healthy", .stopped: "db to be stopped"]
    ),
    (.running, .healthy, false, [.started: nil, .healthy: nil, .stopped: "db to be stopped"]),
    (
      .running, .unhealthy, false,
      [.started: nil, .healthy: "db, which is not healthy: why", .stopped: "db to be stopped"]
    ),
    (
      .paused, .healthy, false, [.started: nil, .healthy: "db to be healthy", .stopped: "db to be stopped"]
    ),
    (
      .stopping, .healthy, false,
      [.started: "db to be started", .healthy: "db to be healthy", .stopped: "db to be stopped"]
    ),
    (
      .backoff, .none, false,
      [
        .started: "db, which has failed and starts again: why",
        .healthy: "db, which has failed and starts again: why",
        .stopped: "db, which has failed and starts again: why",
      ]
    ),
    (
      .failed, .none, false,
      [
        .started: "db, which has failed: why", .healthy: "db, which has failed: why",
        .stopped: "db, which has failed: why",
      ]
    ),
  ]

  @Test("A VM starts when the others are so far; each state × condition", arguments: conditions.indices)
  func starts(row: Int) {
    let (state, health, endedByItself, expected) = Self.conditions[row]
    var order = FleetOrder()
    order.update(Self.name("db"), Self.facts(state, health: health, endedByItself: endedByItself))
    for condition in Dependency.Condition.allCases {
      let unmet = order.unmet([Dependency("db", condition)], of: Self.name("web"))
      #expect(unmet.first?.sentence == (expected[condition] ?? "not in the table"), "\(state) \(condition)")
    }
    #expect(Set(expected.keys) == Set(Dependency.Condition.allCases))
    #expect(Set(Self.conditions.map(\.0)) == Set(VMState.allCases))
  }

  @Test("What is not there, or could not be brought up, is waited for with that as the reason")
  func missing() throws {
    var order = FleetOrder()
    func unmet() -> [UnmetDependency] {
      order.unmet([Dependency("db", .started), Dependency("job", .stopped)], of: Self.name("web"))
    }
    order.update(Self.name("job"), Self.facts(.starting))
    #expect(unmet().sentence == "waiting for db, which is not there, and for job to be stopped")
    #expect(unmet().isStuck)
    // One outside the lab is another VM.
    order.update(try VMName("db"), Self.facts(.running))
    #expect(unmet().count == 2)
    order.refuse(Self.name("db"), because: "its image is missing")
    #expect(unmet().first?.sentence == "db, which could not be started: its image is missing")
    order.update(Self.name("db"), Self.facts(.starting))
    #expect(unmet().sentence == "waiting for db to be started, and for job to be stopped")
    #expect(!unmet().isStuck)
    order.update(Self.name("db"), Self.facts(.running))
    order.update(Self.name("job"), Self.facts(.stopped, endedByItself: true))
    #expect(unmet().isEmpty)
    order.update(Self.name("job"), nil)
    #expect(unmet().sentence == "waiting for job, which is not there")
  }

  /// web depends on db, db on store; mail on db.
  private static func shop(_ states: [String: FleetOrder.Facts]) -> FleetOrder {
    let edges = ["web": "db", "db": "store", "mail": "db"]
    var order = FleetOrder()
    for name in ["store", "db", "web", "mail"] {
      var facts = states[name] ?? Self.facts(.stopped)
      facts.dependencies = edges[name].map { [Dependency($0, .started)] } ?? []
      order.update(Self.name(name), facts)
    }
    return order
  }

  private static let ending = facts(.stopping)
  private static let unkillable = {
    var all = Self.facts(.stopping)
    all.isUnkillable = true
    return all
  }()

  @Test(
    "A VM is asked to end when what depends on it and ends as well is gone",
    arguments: [
      (["web": ending, "db": ending], "web", []),
      (["web": ending, "mail": ending, "db": ending], "db", ["mail", "web"]),
      (["web": ending, "db": ending, "store": ending], "store", ["db"]),
      // Through one that is down already.
      (["web": ending, "store": ending], "store", ["web"]),
      // One that goes on running is not waited for.
      (["web": facts(.running), "db": ending], "db", []),
      (["web": facts(.running), "mail": ending, "db": ending], "db", ["mail"]),
      // Nor is one that nothing can end.
      (["web": unkillable, "db": ending], "db", []),
      (["db": ending], "db", []),
    ] as [([String: FleetOrder.Facts], String, [String])])
  func ends(_ states: [String: FleetOrder.Facts], _ name: String, _ blockers: [String]) {
    let order = Self.shop(states)
    let blocking = order.blockers(ofEndOf: Self.name(name)) { states[$0.name]?.state == .stopping }
    #expect(blocking.map(\.name) == blockers)
  }

  @Test("Whoever depends on a VM is known by its last definition")
  func dependents() {
    var order = Self.shop([:])
    #expect(order.dependents(of: Self.name("db")) == [Self.name("web"), Self.name("mail")])
    order.update(Self.name("web"), Self.facts(.running, on: [Dependency("store", .started)]))
    order.update(Self.name("mail"), nil)
    #expect(order.dependents(of: Self.name("db")) == [])
    #expect(order.dependents(of: Self.name("store")) == [Self.name("db"), Self.name("web")])
    order.update(Self.name("web"), nil)
    order.update(Self.name("db"), nil)
    #expect(order.isEmpty)
  }
}
