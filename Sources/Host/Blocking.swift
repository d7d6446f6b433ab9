internal import Dispatch

/// Runs work that blocks, such as fsync(2), away from the queues that answer.
package func offQueue<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
  await withCheckedContinuation { continuation in
    blocking.async { continuation.resume(returning: work()) }
  }
}

/// As above, for work that fails with a typed error.
package func offQueue<Value: Sendable, Failure: Error>(
  _ work: @escaping @Sendable () throws(Failure) -> Value
) async throws(Failure) -> Value {
  let result: Result<Value, Failure> = await offQueue { () -> Result<Value, Failure> in
    do throws(Failure) {
      return .success(try work())
    } catch {
      return .failure(error)
    }
  }
  return try result.get()
}

private let blocking = DispatchQueue(label: "blocking", attributes: .concurrent)
