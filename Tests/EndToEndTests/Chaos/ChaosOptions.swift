import Host

/// How a chaos run goes, from the environment.
struct ChaosOptions: Sendable {
  /// `QEMUVM_CHAOS_MINUTES`: how long faults are injected; without it, a short run.
  var length: Duration

  /// `QEMUVM_CHAOS_GUESTS`: how many VMs there are.
  var guests: Int

  /// `QEMUVM_CHAOS_SEED`: what decides everything that is done; without it, another one each time.
  var seed: UInt64

  /// `QEMUVM_CHAOS_KILLS`: how many supervisors are killed in the middle of an operation.
  var kills: Int

  /// `QEMUVM_CHAOS_ONLY`: the injections to choose from, by name and with commas between; without it, all.
  var injections: [Injection]

  static func fromEnvironment() -> ChaosOptions {
    let minutes = Fleet.variable("QEMUVM_CHAOS_MINUTES").flatMap(Double.init)
    let names = Fleet.variable("QEMUVM_CHAOS_ONLY")?.split(separator: ",").map(String.init)
    return ChaosOptions(
      length: minutes.map { .nanoseconds(Int64($0 * 60e9)) } ?? .seconds(20),
      guests: number("QEMUVM_CHAOS_GUESTS") ?? 4,
      seed: Fleet.variable("QEMUVM_CHAOS_SEED").flatMap { UInt64($0) } ?? .random(in: 0..<1 << 32),
      kills: number("QEMUVM_CHAOS_KILLS") ?? 15,
      injections: names?.compactMap(Injection.init(rawValue:)) ?? Injection.allCases)
  }

  private static func number(_ name: String) -> Int? { Fleet.variable(name).flatMap(Int.init) }
}
