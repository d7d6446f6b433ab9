/// The cards that the definition names and their ports: it never changes.
struct StationTable {
  private var cards: [UInt64]
  private var ports: [Int32]
  private let shift: UInt64

  /// A quarter full at most, so that a look at it is short.
  init(_ stations: [MACAddress]) {
    var bits: UInt64 = 4
    while 1 << bits < stations.count * 4 { bits += 1 }
    shift = 64 - bits
    cards = [UInt64](repeating: .max, count: 1 << bits)
    ports = [Int32](repeating: -1, count: 1 << bits)
    for (port, station) in stations.enumerated() {
      var place = start(station)
      while cards[place] != .max { place = (place + 1) & (cards.count - 1) }
      cards[place] = station.value
      ports[place] = Int32(port)
    }
  }

  /// The port of a card; nil for one that the definition does not name.
  func port(of station: MACAddress) -> Int? {
    var place = start(station)
    while cards[place] != .max {
      if cards[place] == station.value { return Int(ports[place]) }
      place = (place + 1) & (cards.count - 1)
    }
    return nil
  }

  private func start(_ station: MACAddress) -> Int {
    Int((station.value &* 0x9e37_79b9_7f4a_7c15) >> shift)
  }
}
