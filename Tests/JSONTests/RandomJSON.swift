import JSON

/// Makes random values that try every kind, size and edge.
struct RandomJSON {
  var random: SplitMix64

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  mutating func value(depth: Int = 0) -> JSONValue {
    // The deeper, the less often a container, so that values end.
    switch Int.random(in: 0..<(depth < 6 ? 10 : 7), using: &random) {
    case 0: return nil
    case 1: return .bool(.random(using: &random))
    case 2: return JSONValue(Int64(truncatingIfNeeded: magnitude()))
    case 3: return JSONValue(magnitude())
    case 4: return .number(double())
    case 5, 6: return .string(string())
    case 7: return .array((0..<count()).map { _ in value(depth: depth + 1) })
    default: return .object(JSONObject((0..<count()).map { _ in (string(), value(depth: depth + 1)) }))
    }
  }

  mutating func string() -> String {
    var scalars = String.UnicodeScalarView()
    for _ in 0..<count() { scalars.append(scalar()) }
    return String(scalars)
  }

  private mutating func count() -> Int {
    Int.random(in: 0..<30, using: &random) == 0 ? 40 : Int.random(in: 0..<5, using: &random)
  }

  /// An integer of any length, as likely short as long.
  private mutating func magnitude() -> UInt64 { random.next() >> UInt64.random(in: 0..<64, using: &random) }

  private mutating func double() -> Double {
    let bits = Double(bitPattern: random.next())
    return bits.isFinite && Bool.random(using: &random)
      ? bits : Double(Int8.random(in: -9...9, using: &random)) / 4
  }

  private mutating func scalar() -> Unicode.Scalar {
    let ranges: [ClosedRange<UInt32>] = [
      0...0x1F, 0x20...0x7E, 0x20...0x7E, 0x22...0x22, 0x5C...0x5C, 0x7F...0x7FF, 0x800...0xD7FF,
      0xE000...0xFFFF, 0x1_0000...0x10_FFFF,
    ]
    let range = ranges[Int.random(in: ranges.indices, using: &random)]
    return Unicode.Scalar(UInt32.random(in: range, using: &random)) ?? "\u{FFFD}"
  }
}
