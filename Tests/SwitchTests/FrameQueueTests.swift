import Testing

@testable import Switch

@Suite("Frames that wait for a guest") struct FrameQueueTests {
  private func contents(_ queue: borrowing FrameQueue) -> [[UInt8]] {
    var frames: [[UInt8]] = []
    _ = queue.forEachOldest(.max) { _, frame in frames.append([UInt8](frame)) }
    return frames
  }

  private func frame(_ number: Int, _ length: Int) -> [UInt8] {
    (0..<length).map { UInt8(truncatingIfNeeded: number &* 31 &+ $0) }
  }

  @Test("They keep their order and their bytes, however the memory's end is met", arguments: 1...40)
  func order(seed: Int) {
    var queue = FrameQueue(capacity: 1000)
    var expected: [[UInt8]] = []
    var state = UInt64(seed)
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    var refused = 0
    for number in 0..<2000 {
      if next(5) < 3 {
        let frame = frame(number, 1 + next(300))
        if frame.withUnsafeBytes({ queue.append($0) }) { expected.append(frame) } else { refused += 1 }
      } else {
        let taken = min(next(4), expected.count)
        queue.removeOldest(taken)
        expected.removeFirst(taken)
      }
      let count = queue.count
      #expect(count == expected.count)
      #expect(contents(queue) == expected)
    }
    #expect(refused > 0)
  }

  @Test("One frame may fill it, and no longer one")
  func full() {
    var queue = FrameQueue(capacity: 100)
    #expect(!frame(1, 97).withUnsafeBytes { queue.append($0) })
    #expect(frame(1, 96).withUnsafeBytes { queue.append($0) })
    #expect(!frame(1, 1).withUnsafeBytes { queue.append($0) })
    queue.removeOldest(1)
    let isEmpty = queue.isEmpty
    #expect(isEmpty)
    #expect(frame(2, 96).withUnsafeBytes { queue.append($0) })
    #expect(contents(queue) == [frame(2, 96)])
  }
}
