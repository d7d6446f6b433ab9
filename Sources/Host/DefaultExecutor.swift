internal import Dispatch
@_spi(ExperimentalCustomExecutors) internal import _Concurrency

/// Where the code of a task runs that belongs to no actor.
package enum DefaultExecutor {
  /// Takes the shared queues in place of Dispatch's global one, which would wake the process every second.
  ///
  /// For the whole process, and only before its first task. Such code must not sleep by `Task.sleep`.
  package static func useSharedQueues() {
    _createExecutors(factory: SharedQueueExecutors.self)
  }
}

private struct SharedQueueExecutors: ExecutorFactory {
  static var mainExecutor: any MainExecutor { PlatformExecutorFactory.mainExecutor }
  static let defaultExecutor: any TaskExecutor = SharedQueueExecutor()
}

private final class SharedQueueExecutor: TaskExecutor {
  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let executor = asUnownedTaskExecutor()
    SharedQueues.next.async { job.runSynchronously(on: executor) }
  }
}
