import Dispatch
import Glibc
import Host
import Testing

@Suite("Queues, actors and work beside them")
struct QueueExecutorTests {
  private actor Counter {
    nonisolated let executor: QueueExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private(set) var count = 0

    init(_ executor: QueueExecutor) {
      self.executor = executor
    }

    func increment() { count += 1 }

    /// Reaches another actor of the same queue without a hop.
    func incrementBoth(_ other: Counter) {
      increment()
      other.assumeIsolated { $0.increment() }
    }
  }

  @Test("are one domain: a handler on the queue is inside every actor that lives there")
  func oneDomain() async {
    let executor = QueueExecutor(label: "domain")
    let first = Counter(executor)
    let second = Counter(executor)
    executor.queue.sync {
      first.assumeIsolated { $0.increment() }
      second.assumeIsolated { $0.increment() }
    }
    await first.incrementBoth(second)
    #expect(await first.count == 2)
    #expect(await second.count == 2)
  }

  @Test("run what blocks elsewhere, and bring its value or error back")
  func offQueueWork() async throws {
    let value: Int = await offQueue { 42 }
    #expect(value == 42)
    let error = await #expect(throws: SystemError.self) {
      try await offQueue { () throws(SystemError) -> [UInt8] in try FileSystem.read("/no/such/file") }
    }
    #expect(error?.code == ENOENT)
  }

  @Test("are told of signals")
  func signals() async {
    let (numbers, feed) = AsyncStream.makeStream(of: Int32.self)
    let (readiness, ready) = AsyncStream.makeStream(of: Never.self)
    let watch = SignalWatch(
      [SIGUSR1, SIGUSR2], queue: DispatchQueue(label: "signals"), ready: { ready.finish() },
      handler: { feed.yield($0) })
    for await _ in readiness {}
    var number = numbers.makeAsyncIterator()
    for signal in [SIGUSR2, SIGUSR1] {
      kill(getpid(), signal)
      #expect(await number.next() == signal)
    }
    withExtendedLifetime(watch) {}
  }
}
