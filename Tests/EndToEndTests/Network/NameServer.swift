import Glibc
import Host
import Testing

/// A name server of a test's, at an address of this host that nobody else has.
final class NameServer: Sendable {
  static let address = "127.53.9.9"

  private let socket: FileDescriptor

  init() throws {
    socket = FileDescriptor(
      owning: try retrying("socket") { Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0) })
    let number = socket.rawValue
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_port = in_port_t(53).bigEndian
    inet_pton(AF_INET, Self.address, &place.sin_addr)
    _ = try withUnsafePointer(to: &place) { pointer in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        try retrying("bind", Self.address) {
          bind(number, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
    }
  }

  /// Takes the next question, and answers it with a record; gives the question.
  func answer(with record: [UInt8]) throws -> [UInt8] {
    let number = socket.rawValue
    var ready = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
    try #require(poll(&ready, 1, 60_000) == 1, "no question came")
    var question = [UInt8](repeating: 0, count: 512)
    var asker = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    try withUnsafeMutablePointer(to: &asker) { pointer in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        let count = try retrying("recvfrom") {
          recvfrom(number, &question, question.count, 0, generic, &size)
        }
        question.removeLast(question.count - count)
        let answer = Array(question[..<2]) + [0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0] + question[12...] + record
        _ = try retrying("sendto") { sendto(number, answer, answer.count, 0, generic, size) }
      }
    }
    return question
  }
}
