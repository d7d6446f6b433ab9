import JSON
import QMP
import Synchronization

extension QMPConnection {
  /// Runs the synchronous calls of a caller that is on the connection's queue.
  func inOrder<Value: Sendable>(_ body: @Sendable (isolated QMPConnection) throws -> Value) rethrows -> Value
  {
    try body(self)
  }

  /// What comes of a command, for an `async let`, which a throwing expectation cannot capture.
  func outcome(
    of command: String, _ arguments: JSONObject = [:], deadline: Duration? = nil
  ) async -> Result<JSONValue, QMPError> {
    do throws(QMPError) {
      return .success(try await execute(command, arguments, deadline: deadline))
    } catch {
      return .failure(error)
    }
  }
}

extension AsyncSequence where Element: Sendable {
  /// All elements, when the sequence has ended.
  func collect() async rethrows -> [Element] {
    var elements: [Element] = []
    for try await element in self { elements.append(element) }
    return elements
  }
}

/// Counts calls on whatever thread.
final class Counter: Sendable {
  private let value = Mutex(0)

  var count: Int { value.withLock { $0 } }

  func increment() {
    value.withLock { $0 += 1 }
  }
}

extension Counter {
  private static let all = Counter()

  /// A number that no other call in this process gets.
  static func next() -> Int {
    all.value.withLock {
      $0 += 1
      return $0
    }
  }
}
