import Host
import Testing

extension EndToEnd {
  /// `QEMUVM_FAILING_CALLS=all` makes every call of every verb fail, with two of its usual errors, others in each step;
  /// with `every` it is each of them, with `once` one of them and nothing dies, and with a number so many faults drawn by
  /// chance.
  ///
  /// `QEMUVM_FAILING_VERBS=up,down` takes these verbs only, `QEMUVM_FAILING_STEPS=up;stop web` those whose words begin
  /// so, `QEMUVM_FAILING_ONLY` the faults in whose words that stands; `QEMUVM_CHAOS_SEED` draws others than the short
  /// run's.
  @Suite("System calls that fail") struct FailingCallsSuite {
    @Test("Whichever call of a verb fails: it ends and says so, and what was confirmed holds, nothing else")
    func everyCall() async throws {
      let number = Fleet.variable("QEMUVM_FAILING_CALLS") ?? "12"
      let verbs = Fleet.variable("QEMUVM_FAILING_VERBS")?.split(separator: ",").map(String.init)
      let starts = Fleet.variable("QEMUVM_FAILING_STEPS")?.split(separator: ";").map(String.init)
      let steps = FailingStep.all.filter { step in
        (verbs?.contains(step.verb) ?? true) && (starts?.contains { "\(step)".hasPrefix($0) } ?? true)
      }
      try #require(!steps.isEmpty)
      try await Fleet.runFailing { fleet, calls in
        try fleet.define()
        let run = FailingCallsRun(fleet, calls)
        if let number = Int(number) {
          try await Self.performSome(number, of: steps, in: run)
        } else {
          try await Self.performAll(of: steps, in: run, number)
        }
        #expect(await run.struck > 0)
        for violation in await run.violations { Issue.record("\(violation)") }
      }
    }

    /// So many faults, drawn by chance.
    private static func performSome(
      _ number: Int, of steps: [FailingStep], in run: FailingCallsRun
    ) async throws {
      let seed = Fleet.variable("QEMUVM_CHAOS_SEED").flatMap { UInt64($0) } ?? 1
      var dice = Dice(seed: seed)
      var left = number
      while left > 0 {
        let step = dice.pick(steps)
        for role in FailingCalls.Role.allCases where dice.below(4) > 0 {
          let faults = faults(step, role, try await run.sites(of: step, role)).shuffled(using: &dice)
          for fault in faults.prefix(min(3, left)) {
            try await run.perform(fault)
            left -= 1
          }
        }
      }
      print("failing calls: seed \(seed): \(await run.faults) faults, \(await run.struck) struck")
    }

    /// Every fault of every step, with a line of figures for each.
    private static func performAll(
      of steps: [FailingStep], in run: FailingCallsRun, _ extent: String
    ) async throws {
      let only = Fleet.variable("QEMUVM_FAILING_ONLY")
      for step in steps {
        for role in FailingCalls.Role.allCases {
          let began = Instant.now
          let (struck, broken) = (await run.struck, await run.violations.count)
          let sites = try await run.sites(of: step, role)
          let index = FailingStep.all.firstIndex { $0.description == step.description }
          var all = faults(step, role, sites, turn: extent == "every" ? nil : index).filter { fault in
            only.map { "\(fault)".contains($0) } ?? true
          }
          if extent == "once" { all = once(all, index ?? 0) }
          for fault in all { try await run.perform(fault) }
          let kinds = Dictionary(grouping: sites, by: \.call).sorted { $0.key < $1.key }.map {
            "\($0.key) \($0.value.count)"
          }
          print(
            """
            failing calls: \(step); \(role): \(sites.count) calls, \(all.count { $0.act == .fail }) failed, \
            \(all.count { $0.act != .fail }) with a death, \(await run.struck - struck) struck, \
            \(await run.violations.count - broken) broken, \((Instant.now - began).seconds.rounded()) s \
            [\(kinds.joined(separator: ", "))]
            """)
        }
      }
    }

    /// Of each call's failures one, another in the next step.
    private static func once(_ faults: [FailingCallsRun.Fault], _ turn: Int) -> [FailingCallsRun.Fault] {
      let failures = Dictionary(grouping: faults.filter { $0.act == .fail }, by: \.site)
      return failures.values.map { $0[turn % $0.count] }.sorted { "\($0)" < "\($1)" }
    }

    /// With a turn, of each call's errors the first and one of the others.
    private static func faults(
      _ step: FailingStep, _ role: FailingCalls.Role, _ sites: [FailingCalls.Site], turn: Int? = nil
    ) -> [FailingCallsRun.Fault] {
      sites.enumerated().flatMap { index, site in
        let others = site.errors - 1
        let errors =
          turn.map { others > 0 ? [0, 1 + ($0 + index) % others] : [0] } ?? Array(0..<site.errors)
        let all = errors.map {
          FailingCallsRun.Fault(step: step, role: role, site: site, act: .fail, variant: Int32($0))
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
