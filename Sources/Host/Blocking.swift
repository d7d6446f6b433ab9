internal import Dispatch

/// Runs work that blocks, such as fsync(2), away from the queues that answer.
///
/// On a thread of its own: a serial queue without a target may have more threads than the host has CPUs, and one that
/// a sick disk holds up takes none from the others.
package func offQueue<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
  await withCheckedContinuation { continuation in
    DispatchQueue(label: "blocking").async { continuation.resume(returning: work()) }
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
