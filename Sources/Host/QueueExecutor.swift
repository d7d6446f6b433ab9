package import Dispatch

/// A serial queue that actors live on, so that a Dispatch handler and an actor are one domain.
///
/// A handler on `queue` calls `assumeIsolated`: no lock and no hop. Several actors may share one executor: calls
/// between them then stay on the queue. It targets the global queue, so that 200 of them cost a handful of threads.
package final class QueueExecutor: SerialExecutor {
  package let queue: DispatchQueue

  package init(label: String) {
    queue = DispatchQueue(label: label, target: .global())
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
