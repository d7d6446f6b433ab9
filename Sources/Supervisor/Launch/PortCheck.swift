internal import Glibc
internal import Host
internal import Machine

/// Whether a port of the host is free, asked as QEMU's user networking will: by binding it.
///
/// QEMU's own attempt remains the one that counts; this one names the port before anything is started.
enum PortCheck {
  /// The system's error when the port cannot be bound; nil when it can.
  static func refusal(_ port: PortForward) -> SystemError? {
    let isTCP = port.transport == .tcp
    let type = Int32((isTCP ? SOCK_STREAM : SOCK_DGRAM).rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let number = socket(AF_INET, type, 0)
    // No socket to ask with: QEMU will tell.
    guard number >= 0 else { return nil }
    let probe = FileDescriptor(owning: number)
    var on: Int32 = 1
    setsockopt(probe.rawValue, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port.hostPort).bigEndian)
    guard inet_pton(AF_INET, port.hostAddress, &address.sin_addr) == 1 else { return nil }
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(probe.rawValue, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0, !isTCP || listen(probe.rawValue, 1) == 0 else { return SystemError("bind") }
    return nil
  }
}
