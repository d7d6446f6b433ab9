package import Dispatch
internal import Glibc
internal import Synchronization

/// A few serial queues that many others run on, so that 200 VMs cost a handful of threads.
///
/// Dispatch's global queue would do that as well, but once it has had a thread, Dispatch wakes every second to see
/// whether its threads are blocked, for as long as the process lives (libdispatch: workqueue.c).
package enum SharedQueues {
  /// More than the CPUs of a small host: a file system that is slow for a moment does not hold up everyone.
  private static let queues = (0..<max(4, sysconf(Int32(_SC_NPROCESSORS_ONLN)))).map {
    mark(DispatchQueue(label: "shared.\($0)"))
  }

  /// One of them, each in its turn.
  package static var next: DispatchQueue {
    queues[turn.wrappingAdd(1, ordering: .relaxed).oldValue % queues.count]
  }
}

private let turn = Atomic<Int>(0)
