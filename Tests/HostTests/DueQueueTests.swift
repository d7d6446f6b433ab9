import Testing

@testable import Host

@Suite("A queue of what is due")
struct DueQueueTests {
  @Test("gives what is due in its order, and of two at one moment the one that was set first")
  func order() {
    var queue = DueQueue<String, Int>()
    for (key, due) in [("c", 3), ("a", 1), ("b", 2), ("d", 2)] { queue.set(key, due: due) }
    #expect(queue.earliest == 1)
    var taken: [String] = []
    while let key = queue.takeFirst(by: 0) { taken.append(key) }
    #expect(taken.isEmpty)
    while let key = queue.takeFirst(by: 2) { taken.append(key) }
    #expect(taken == ["a", "b", "d"])
    #expect(queue.earliest == 3)
  }

  @Test("knows a key by its last setting only")
  func again() {
    var queue = DueQueue<String, Int>()
    queue.set("a", due: 1)
    queue.set("a", due: 5)
    queue.set("b", due: 3)
    #expect(queue.earliest == 3)
    let removals = [queue.remove("b"), queue.remove("b")]
    #expect(removals == [true, false])
    #expect(!queue.contains("b") && queue.contains("a"))
    let taken = [queue.takeFirst(by: 4), queue.takeFirst(by: 5)]
    #expect(taken == [nil, "a"])
    #expect(queue.earliest == nil)
  }

  @Test("says what a plain list says, whatever is done to it", arguments: [1, 2, 3])
  func model(seed: UInt64) {
    var random = Random(state: seed)
    var queue = DueQueue<Int, Int>()
    var list: [(key: Int, due: Int)] = []
    for _ in 0..<20_000 {
      let (key, moment) = (Int(random.next() % 50), Int(random.next() % 1000))
      switch random.next() % 4 {
      case 0, 1:
        list.removeAll { $0.key == key }
        list.append((key, moment))
        queue.set(key, due: moment)
      case 2:
        let isThere = list.contains { $0.key == key }
        list.removeAll { $0.key == key }
        let wasThere = queue.remove(key)
        #expect(wasThere == isThere)
      default:
        let first = list.filter { $0.due <= moment }.min { $0.due < $1.due }
        list.removeAll { $0.key == first?.key }
        let taken = queue.takeFirst(by: moment)
        #expect(taken == first?.key)
      }
      #expect(queue.earliest == list.map(\.due).min())
    }
  }

  /// A generator whose numbers a failure can be found again with (xorshift, Marsaglia 2003).
  private struct Random {
    var state: UInt64

    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state >> 11
    }
  }
}
