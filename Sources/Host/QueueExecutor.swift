package import Dispatch

/// A serial queue that actors live on, so that a Dispatch handler and an actor are one domain.
///
/// A handler on `queue` calls `assumeIsolated`: no lock and no hop. Several actors may share one executor: calls
/// between them then stay on the queue.
package final class QueueExecutor: SerialExecutor {
  package let queue: DispatchQueue

  /// On a thread of its own while it works; with `isShared` on that of others like it, none of which may block.
  package init(label: String, isShared: Bool = false) {
    queue = DispatchQueue(label: label, target: isShared ? SharedQueues.next : nil)
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let executor = asUnownedSerialExecutor()
    queue.async { job.runSynchronously(on: executor) }
  }

  package func checkIsolated() {
    dispatchPrecondition(condition: .onQueue(queue))
  }

  package func isIsolatingCurrentContext() -> Bool? {
    nil
  }
}
