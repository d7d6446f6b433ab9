import Control
import Dispatch
import Host
import JSON
import QMP

/// A control client on a thread of its own, for tests that live on tasks: it blocks nobody else.
actor TaskClient {
  private nonisolated let thread = OwnThread()
  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  private var client: ControlClient?

  private init() {}

  static func connect(to path: String) async throws -> TaskClient {
    let client = TaskClient()
    try await client.open(path)
    return client
  }

  private func open(_ path: String) throws {
    client = try ControlClient.connect(to: path)
  }

  var serverVersion: String? { client?.serverVersion }

  func send(_ request: ControlRequest) throws(ControlError) -> Int { try connected().send(request) }

  func next(until deadline: Instant? = nil) throws(ControlError) -> ControlClient.Message? {
    try connected().next(until: deadline)
  }

  func perform(_ request: ControlRequest, deadline: Duration? = nil) throws(ControlError) -> JSONValue {
    try connected().perform(request, deadline: deadline)
  }

  func close() {
    client = nil
  }

  private func connected() throws(ControlError) -> ControlClient {
    guard let client else { throw ControlError(.disconnected, "closed by the test") }
    return client
  }
}

extension ControlClient.Message {
  /// The event that it is.
  var event: QMPEvent? {
    if case .event(let event) = self { event } else { nil }
  }

  /// The value that a reply returned, with the number of its command.
  var returned: (number: Int, value: JSONValue)? {
    guard case .reply(let number, .success(let value)) = self else { return nil }
    return (number, value)
  }
}

/// A queue that does not share its thread: what waits on it keeps nobody from running.
private final class OwnThread: SerialExecutor {
  private let queue = DispatchQueue(label: "client")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let executor = asUnownedSerialExecutor()
    queue.async { job.runSynchronously(on: executor) }
  }
}
