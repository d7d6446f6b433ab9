import Host
import Testing

extension EndToEnd {
  /// Faults drawn from a seed, and after each of them the laws; longer by the environment, see `ChaosOptions`.
  @Suite("Chaos") struct Chaos {
    private static let options = ChaosOptions.fromEnvironment()

    @Test("What is done is a function of the seed alone")
    func plan() {
      func words(_ seed: UInt64) -> [String] {
        ChaosPlan(seed: seed, guests: 4).prefix(200).map {
          var dice = $0.dice
          return "\($0.number) \($0.injection) \($0.guest) \($0.bystander) \(dice.next())"
        }
      }
      #expect(words(7) == words(7))
      #expect(words(7) != words(8))
      #expect(ChaosPlan(seed: 7, guests: 4).prefix(200).allSatisfy { $0.guest != $0.bystander })
      #expect(Set(ChaosPlan(seed: 7, guests: 4).prefix(2000).map(\.injection)) == Set(Injection.allCases))
    }

    @Test(
      "Whatever dies, hangs, fills up or is damaged: no wish is lost, no QEMU doubled, nothing left behind")
    func laws() async throws {
      let options = Self.options
      print("chaos: seed \(options.seed), \(options.guests) guests, \(options.length)")
      try await Fleet.run { fleet in
        let run = ChaosRun(fleet, guests: options.guests, seed: options.seed)
        let end = Instant.now + options.length
        try await run.begin()
        for step in ChaosPlan(seed: options.seed, guests: options.guests, injections: options.injections) {
          guard Instant.now < end else { break }
          try await run.perform(step)
        }
        try await run.end()
        print("chaos: seed \(options.seed): \(await run.figures.summary)")
      }
    }

    @Test("Supervisors killed in the middle of operations lose nothing and double nothing")
    func kills() async throws {
      let options = Self.options
      print("chaos: seed \(options.seed), \(options.kills) supervisor kills")
      try await Fleet.run { fleet in
        let run = ChaosRun(fleet, guests: options.guests, seed: options.seed)
        var dice = Dice(seed: options.seed)
        try await run.begin()
        var number = 0
        while await run.figures.supervisorKills < options.kills {
          number += 1
          try await run.operation(number, &dice)
        }
        try await run.end()
        print("chaos: seed \(options.seed): \(await run.figures.summary)")
      }
    }
  }
}
