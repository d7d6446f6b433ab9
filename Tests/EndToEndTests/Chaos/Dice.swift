/// A generator of random numbers that gives the same ones for the same seed: SplitMix64 (Steele, Lea, Flood 2014).
///
/// What is done in a chaos run is drawn from here and from nothing else.
struct Dice: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A number from 0 up to the limit, without it.
  mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }

  mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }

  /// Some milliseconds, from none up to the limit.
  mutating func milliseconds(upTo limit: Int) -> Duration { .milliseconds(below(limit + 1)) }
}
