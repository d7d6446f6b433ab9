import Glibc
import Host
import Testing

/// The end of a network that QEMU holds: it binds the card's path and sends to the switch's, without a connection.
final class TestCard: Sendable {
  let path: String
  private let socket: FileDescriptor
  private let switchPath: String
  private let number: UInt8

  /// Ends up where another was, as a QEMU does.
  init(_ network: NetworkFolder, _ name: String) throws {
    path = network.card(name)
    switchPath = network.switchEnd(name)
    number = UInt8((network.names.firstIndex(of: name) ?? 0) + 2)
    socket = try UnixSocket.datagrams(at: path)
  }

  func removePath() { unlink(path) }

  /// Sends a frame, waiting for room as QEMU does; errno when it goes nowhere.
  func send(_ frame: [UInt8]) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(switchPath.utf8)) }
    while true {
      let sent = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
          frame.withUnsafeBytes {
            sendto(
              socket.rawValue, $0.baseAddress, $0.count, 0, generic, socklen_t(MemoryLayout<sockaddr_un>.size)
            )
          }
        }
      }
      guard sent < 0 else { return 0 }
      guard errno == EAGAIN else { return errno }
      guard isReady(POLLOUT) else { return ETIMEDOUT }
    }
  }

  /// The next frame.
  func receive() throws -> [UInt8] {
    try #require(isReady(POLLIN), "no frame came")
    return try socket.read(upTo: 70000)
  }

  /// All frames that are there.
  func receiveAll() throws -> [[UInt8]] {
    var frames: [[UInt8]] = []
    while isReady(POLLIN, within: 0) { frames.append(try socket.read(upTo: 70000)) }
    return frames
  }

  /// A packet to another card, with a number in it.
  func packet(to other: TestCard, _ serial: Int, length: Int = 1000) -> [UInt8] {
    let total = length - 14
    var frame: [UInt8] = [0x52, 0x54, 0, 0, 0, other.number, 0x52, 0x54, 0, 0, 0, number, 8, 0]
    frame += [0x45, 0, UInt8(total >> 8), UInt8(total & 255), 0, 0, 0, 0, 64, 253, 0, 0]
    frame += [10, 9, 0, number, 10, 9, 0, other.number]
    frame += withUnsafeBytes(of: UInt64(serial).bigEndian) { [UInt8]($0) }
    return frame + [UInt8](repeating: 0, count: length - frame.count)
  }

  /// The number in a packet.
  static func serial(of frame: [UInt8]) -> Int {
    frame.dropFirst(34).prefix(8).reduce(0) { $0 << 8 | Int($1) }
  }

  /// A question who has the switch's address, which only the asker is answered.
  var question: [UInt8] {
    let mac: [UInt8] = [0x52, 0x54, 0, 0, 0, number]
    return [UInt8](repeating: 0xff, count: 6) + mac + [8, 6, 0, 1, 8, 0, 6, 4, 0, 1] + mac + [
      10, 9, 0, number,
    ]
      + [0, 0, 0, 0, 0, 0, 10, 9, 0, 1]
  }

  /// A question for the switch's DNS.
  func question(_ message: [UInt8]) -> [UInt8] {
    func two(_ value: Int) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 255)] }
    // No checksum, which UDP allows.
    let datagram = [0x9c, 0x40, 0, 53] + two(8 + message.count) + [0, 0] + message
    var header =
      [0x45, 0] + two(20 + datagram.count) + [0, 0, 0, 0, 64, 17, 0, 0, 10, 9, 0, number, 10, 9, 0, 1]
    var sum = stride(from: 0, to: 20, by: 2).reduce(0) { $0 + Int(header[$1]) << 8 + Int(header[$1 + 1]) }
    while sum > 0xffff { sum = (sum & 0xffff) + sum >> 16 }
    header.replaceSubrange(10..<12, with: two(~sum & 0xffff))
    return [0x02, 0x71, 10, 9, 0, 1, 0x52, 0x54, 0, 0, 0, number, 8, 0] + header + datagram
  }

  private func isReady(_ events: Int32, within milliseconds: Int32 = 60_000) -> Bool {
    var entry = pollfd(fd: socket.rawValue, events: Int16(events), revents: 0)
    var count = poll(&entry, 1, milliseconds)
    while count < 0, errno == EINTR { count = poll(&entry, 1, milliseconds) }
    return count > 0
  }
}
