/// Runs work that blocks, such as waitpid(2), away from the queues that answer, on a thread of its own.
///
/// For work of which there is little at any time; what touches somebody's files has a `Lane`.
package func offQueue<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
  await withCheckedContinuation { continuation in
    BlockingThreads.shared.run { continuation.resume(returning: work()) }
  }
}

/// As above, for work that fails with a typed error.
package func offQueue<Value: Sendable, Failure: Error>(
  _ work: @escaping @Sendable () throws(Failure) -> Value
) async throws(Failure) -> Value {
  try await offQueue { Result(catching: work) }.get()
}
