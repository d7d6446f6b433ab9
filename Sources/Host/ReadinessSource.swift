internal import CLinux
internal import Dispatch
internal import Glibc

/// Dispatch sources for what may hang up: sockets with a peer, and pidfds.
///
/// Dispatch takes one epoll event that tells of data and a hang-up for two events, and hands the first to another thread
/// before it has done with the second; when that thread cancels the source meanwhile, the process ends ("Source
/// finalized twice", libdispatch: event_epoll.c, `_dispatch_event_merge_fd`). So it watches an epoll instance of the
/// descriptor's own, which becomes readable for whatever there is and never hangs up itself.
enum ReadinessSource {
  /// Fires while the descriptor has something to read or has hung up.
  ///
  /// `closed` is called once the source is cancelled and nothing watches the descriptor any more: then it may be closed.
  static func reading(
    _ descriptor: Int32, queue: DispatchQueue, closed: @escaping @Sendable () -> Void = {}
  ) throws(SystemError) -> any DispatchSourceRead {
    try make(descriptor, output: false, queue: queue, closed: closed)
  }

  /// Fires while the descriptor takes output or has hung up.
  static func writing(_ descriptor: Int32, queue: DispatchQueue) throws(SystemError) -> any DispatchSourceRead
  {
    try make(descriptor, output: true, queue: queue, closed: {})
  }

  private static func make(
    _ descriptor: Int32, output: Bool, queue: DispatchQueue, closed: @escaping @Sendable () -> Void
  ) throws(SystemError) -> any DispatchSourceRead {
    let epoll = try retrying("epoll_ctl") { linux_epoll_of(descriptor, output ? 1 : 0) }
    let source = DispatchSource.makeReadSource(fileDescriptor: epoll, queue: queue)
    source.setCancelHandler {
      close(epoll)
      closed()
    }
    return source
  }
}
