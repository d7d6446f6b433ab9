internal import FoundationEssentials
internal import Host
internal import JSON

/// QEMU's own description of its protocol read into a dynamic value, beside the toolchain's decoder.
enum JSONFigures {
  /// A JSON value as one writes it for the toolchain's decoder, the likeliest type asked for first.
  private indirect enum Decoded: Decodable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([Decoded])
    case object([String: Decoded])

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      // Which type a value has is found by trying: a refusal is the answer no.
      if let value = try? container.decode(String.self) {
        self = .string(value)
      } else if let value = try? container.decode([String: Decoded].self) {
        self = .object(value)
      } else if let value = try? container.decode([Decoded].self) {
        self = .array(value)
      } else if container.decodeNil() {
        self = .null
      } else if let value = try? container.decode(Bool.self) {
        self = .bool(value)
      } else if let value = try? container.decode(Int64.self) {
        self = .integer(value)
      } else {
        self = .number(try container.decode(Double.self))
      }
    }
  }

  @Sendable static func take(_ workshop: Workshop, _ options: Options) throws -> [Figure] {
    let machine = try EmptyQEMU(workshop)
    defer { machine.end() }
    let monitor = try machine.bareMonitor()
    try monitor.send("{\"execute\":\"query-qmp-schema\"}\n")
    let reply = try monitor.line(with: "\"return\"")
    let data = Data(reply)
    let decoder = JSONDecoder()
    let series = try Series(rounds: options.rounds(15)) {
      try timed { _ = try decoder.decode(Decoded.self, from: data) }
    } product: {
      // One reading is short beside the clock's and the scheduler's grain.
      try timed { for _ in 0..<10 { _ = try JSONValue(parsing: reply) } } / 10
    }
    return [
      series.figure(
        "JSON: schema of \(reply.count / 1000) kB, beside JSONDecoder", .milliseconds, limit: .timesFaster(10)
      )
    ]
  }

  private static func timed(_ body: () throws -> Void) rethrows -> Double {
    let began = Instant.now
    try body()
    return (Instant.now - began).milliseconds
  }
}
