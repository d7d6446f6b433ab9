internal import CLinux
internal import Glibc

/// The service manager that has started this process, as systemd(1) is one: what it is told, and what it hands over.
///
/// Its protocol is spoken directly; corresponds to sd_notify(3), sd_watchdog_enabled(3) and sd_listen_fds(3). Its
/// variables are for the process that it has started, and for no child of that.
package struct ServiceManager: Sendable {
  /// What it is told.
  package enum News: Sendable, Equatable {
    case ready

    /// The process that the service is; corresponds to `MAINPID`.
    case mainProcess(Int32)
    case stopping

    /// For its watchdog: what the service is made of has answered.
    case alive

    /// One line for a person, as `systemctl status` shows it.
    case status(String)

    fileprivate var assignment: String {
      switch self {
      case .ready: "READY=1"
      case .mainProcess(let pid): "MAINPID=\(pid)"
      case .stopping: "STOPPING=1"
      case .alive: "WATCHDOG=1"
      case .status(let line): "STATUS=\(line.split(separator: "\n").joined(separator: " "))"
      }
    }
  }

  /// The first descriptor that it hands over; SD_LISTEN_FDS_START.
  package static let firstDescriptor: Int32 = 3

  /// Where it hears, by a path or a name that is in no file system; nil where it does not want to hear.
  private let socket: String?

  /// How long it waits for `alive`; nil where it does not.
  package let watchdogTime: Duration?

  /// How many sockets that listen it has handed over, from `firstDescriptor` on.
  package let listenerCount: Int

  /// What its variables say to the process of this number.
  package init(environment: [String: String], pid: Int32 = getpid()) {
    func isForUs(_ name: String) -> Bool { environment[name].map { $0 == "\(pid)" } ?? false }
    socket = environment["NOTIFY_SOCKET"].flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
    let microseconds = environment["WATCHDOG_USEC"].flatMap(Int64.init) ?? 0
    let isWatched = environment["WATCHDOG_PID"] == nil || isForUs("WATCHDOG_PID")
    watchdogTime = isWatched && microseconds > 0 ? .microseconds(microseconds) : nil
    let count = environment["LISTEN_FDS"].flatMap(Int.init) ?? 0
    listenerCount = isForUs("LISTEN_PID") ? max(0, min(count, 64)) : 0
  }

  /// Takes the sockets that it has handed over to other numbers, so that nothing finds them at theirs.
  ///
  /// Once in a process, before it opens anything of its own.
  package func takeListeners() throws(SystemError) -> [PassedDescriptor] {
    var taken: [PassedDescriptor] = []
    for index in 0..<Int32(listenerCount) {
      let passed = FileDescriptor(owning: Self.firstDescriptor + index)
      let own = try passed.duplicate(atLeast: Self.firstDescriptor + Int32(listenerCount))
      try own.setNonBlocking()
      taken.append(PassedDescriptor(own))
    }
    return taken
  }

  /// Tells it; false where nobody hears.
  ///
  /// One whose queue is full is waited for, for a second; not with what it will hear again.
  @discardableResult
  package func tell(_ news: News...) -> Bool {
    guard let socket else { return false }
    let bytes = Array(news.map(\.assignment).joined(separator: "\n").utf8)
    let number = linux_datagram_socket()
    guard number >= 0 else { return false }
    let sender = FileDescriptor(owning: number)
    // An optimizer takes the last look at its number for the last use of it.
    defer { withExtendedLifetime(sender) {} }
    guard connect(sender, to: socket) else { return false }
    while true {
      if send(sender.rawValue, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count { return true }
      switch errno {
      case EINTR: continue
      case EAGAIN:
        var poller = pollfd(fd: sender.rawValue, events: Int16(POLLOUT), revents: 0)
        guard news != [.alive], poll(&poller, 1, 1000) > 0 else { return false }
      default: return false
      }
    }
  }

  private func connect(_ sender: borrowing FileDescriptor, to name: String) -> Bool {
    var address = sockaddr_un()
    var bytes = Array(name.utf8)
    guard bytes.count <= UnixSocket.longestPath, !bytes.contains(0) else { return false }
    // unix(7): an abstract name begins with a null byte, and is as long as the address says.
    let isAbstract = bytes.first == UInt8(ascii: "@")
    if isAbstract { bytes[0] = 0 }
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let head = MemoryLayout<sockaddr_un>.size - MemoryLayout.size(ofValue: address.sun_path)
    let size = isAbstract ? head + bytes.count : MemoryLayout<sockaddr_un>.size
    let number = sender.rawValue
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        Glibc.connect(number, generic, socklen_t(size)) == 0
      }
    }
  }
}
