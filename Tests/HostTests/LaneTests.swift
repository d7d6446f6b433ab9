import Dispatch
import Host
import Synchronization
import Testing

@Suite("Lanes for work that blocks")
struct LaneTests {
  /// Work that blocks until it is let go on.
  private final class Blockade: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func wait() { semaphore.wait() }

    func open(for count: Int = 1) { for _ in 0..<count { semaphore.signal() } }
  }

  @Test("do one thing after another, in the order in which it was asked for")
  func order() async {
    let lane = Lane("a disk")
    let done = Mutex<[Int]>([])
    for number in 0..<100 { lane.add { done.withLock { $0.append(number) } } }
    await lane.run {}
    #expect(done.withLock { $0 } == Array(0..<100))
  }

  @Test("that hang by the hundred leave room for others and for the queues")
  func room() async {
    let blockade = Blockade()
    let lanes = (0..<300).map { Lane("disk \($0)") }
    for lane in lanes { lane.add { blockade.wait() } }
    #expect(await Lane("a healthy disk").run { 1 } == 1)
    #expect(await offQueue { 2 } == 2)
    await withCheckedContinuation { continuation in
      DispatchQueue(label: "a queue").async { continuation.resume() }
    }
    blockade.open(for: lanes.count)
    for lane in lanes { await lane.run {} }
  }

  @Test("are waited for no longer than is said: what has not begun is not done, unless it must be")
  func limit() async {
    let lane = Lane("a disk")
    let blockade = Blockade()
    let done = Mutex<[String]>([])
    lane.add {
      lane.reach("/mnt/a")
      blockade.wait()
    }
    let givenUp: Void? = await lane.run(within: .milliseconds(1)) { done.withLock { $0.append("given up") } }
    #expect(givenUp == nil)
    #expect(lane.place == "/mnt/a")
    let lasting: Void? = await lane.run(within: .milliseconds(1), isLasting: true) {
      done.withLock { $0.append("lasting") }
    }
    #expect(lasting == nil)
    blockade.open()
    #expect(await lane.run(within: .seconds(600)) { 3 } == 3)
    #expect(done.withLock { $0 } == ["lasting"])
    #expect(lane.place == nil)
  }

  /// Something that work keeps alive.
  private final class Load: Sendable {}

  @Test("keep nothing of what was given up while they hang", .timeLimit(.minutes(10)))
  func givenUp() async {
    let lane = Lane("a disk")
    let blockade = Blockade()
    lane.add { blockade.wait() }
    weak var kept: Load?
    for _ in 0..<3 {
      let load = Load()
      kept = load
      let nothing: Void? = await lane.run(within: .milliseconds(1)) { withExtendedLifetime(load) {} }
      #expect(nothing == nil)
    }
    // The alarm of the last one drops its work behind its answer.
    while kept != nil { await Task.yield() }
    blockade.open()
    await lane.run {}
  }

  @Test("have one for each name, as long as somebody has it or it works")
  func names() async {
    let lanes = Lanes()
    let blockade = Blockade()
    lanes["a"].add { blockade.wait() }
    let same = lanes["a"]
    #expect(same === lanes["a"] && same !== lanes["b"])
    blockade.open()
    await same.run {}
  }
}
