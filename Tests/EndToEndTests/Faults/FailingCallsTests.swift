import Host
import Testing

extension EndToEnd {
  /// `QEMUVM_FAILING_CALLS=all` makes every call of every verb fail, `QEMUVM_FAILING_CALLS=16` so many drawn by chance;
  /// `QEMUVM_FAILING_VERBS=up,down` takes these verbs only, `QEMUVM_CHAOS_SEED` draws others than the short run's.
  @Suite("System calls that fail") struct FailingCallsSuite {
    @Test("Whichever call of a verb fails: it ends and says so, and what was confirmed holds, nothing else")
    func everyCall() async throws {
      let seed = Fleet.variable("QEMUVM_CHAOS_SEED").flatMap { UInt64($0) } ?? 1
      let number = Fleet.variable("QEMUVM_FAILING_CALLS") ?? "12"
      let verbs = Fleet.variable("QEMUVM_FAILING_VERBS")?.split(separator: ",").map(String.init)
      var dice = Dice(seed: seed)
      let steps = FailingStep.all.filter { verbs?.contains($0.verb) ?? true }
      try await Fleet.runFailing { fleet, calls in
        try fleet.define()
        let run = FailingCallsRun(fleet, calls)
        var left = Int(number) ?? .max
        while left > 0 {
          let step = number == "all" ? steps : [dice.pick(steps)]
          for step in step {
            for role in FailingCalls.Role.allCases where number == "all" || dice.below(4) > 0 {
              let sites = try await run.sites(of: step, role)
              var faults = Self.faults(step, role, sites)
              if number != "all" { faults = Array(faults.shuffled(using: &dice).prefix(min(3, left))) }
              for fault in faults { try await run.perform(fault) }
              left -= faults.count
              if number == "all" {
                print(
                  "failing calls: \(step), \(role): \(sites.count) calls, \(await run.violations.count) broken"
                )
              }
            }
          }
          if number == "all" { break }
        }
        print("failing calls: seed \(seed): \(await run.faults) faults, \(await run.struck) struck")
        #expect(await run.struck > 0)
        for violation in await run.violations { Issue.record("seed \(seed): \(violation)") }
      }
    }

    private static func faults(
      _ step: FailingStep, _ role: FailingCalls.Role, _ sites: [FailingCalls.Site]
    ) -> [FailingCallsRun.Fault] {
      sites.flatMap { site in
        let all = (0..<2).map {
          FailingCallsRun.Fault(step: step, role: role, site: site, act: .fail, variant: $0)
        }
        // A client that dies is its user's doing.
        let deaths = [FailingCalls.Act.die, .failThenDie].map {
          FailingCallsRun.Fault(step: step, role: role, site: site, act: $0, variant: 0)
        }
        return role == .supervisor ? all + deaths : all
      }
    }
  }
}
