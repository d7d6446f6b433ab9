/// Cards that were seen behind open ports, beside those that the definition names.
///
/// Of fixed size. What is not seen for five minutes is forgotten when it is looked for. A port that makes up cards
/// pushes out its own alone: another's that are still in use stay.
struct LearningTable {
  private struct Entry {
    var card: UInt64 = .max
    var port: Int32 = -1
    var seen: Int64 = .min / 2
  }

  private static let bits: UInt64 = 12
  private static let reach = 8
  private static let lifetime: Int64 = 300_000_000_000

  private var entries: [Entry]

  /// Of a network without open ports it takes no memory.
  init(isNeeded: Bool) {
    entries = [Entry](repeating: Entry(), count: isNeeded ? 1 << Self.bits : 0)
  }

  mutating func learn(_ card: MACAddress, at port: Int, now: Int64) {
    guard !entries.isEmpty else { return }
    var free: Int?
    var oldest: Int?
    for step in 0..<Self.reach {
      let place = place(card, step)
      let entry = entries[place]
      if entry.card == card.value {
        entries[place].port = Int32(port)
        entries[place].seen = now
        return
      }
      if entry.seen < now - Self.lifetime {
        free = free ?? place
      } else if entry.port == Int32(port), oldest.map({ entry.seen < entries[$0].seen }) ?? true {
        oldest = place
      }
    }
    guard let place = free ?? oldest else { return }
    entries[place] = Entry(card: card.value, port: Int32(port), seen: now)
  }

  /// The port behind which a card was last seen; nil for one that is unknown, or forgotten.
  func port(of card: MACAddress, now: Int64) -> Int? {
    guard !entries.isEmpty else { return nil }
    for step in 0..<Self.reach {
      let entry = entries[place(card, step)]
      if entry.card == card.value { return entry.seen < now - Self.lifetime ? nil : Int(entry.port) }
    }
    return nil
  }

  private func place(_ card: MACAddress, _ step: Int) -> Int {
    (Int((card.value &* 0x9e37_79b9_7f4a_7c15) >> (64 - Self.bits)) + step) & (entries.count - 1)
  }
}
