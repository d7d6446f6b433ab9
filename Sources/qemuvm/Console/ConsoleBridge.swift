internal import Glibc
internal import Host

/// Carries bytes between a person, or a script, and a VM's console until one of them ends it.
///
/// Bytes go through as they are. Input is read only while the console takes it, so that a long paste is not lost.
/// When the input ends, the console's output is printed until the console closes, unless that is the end of all.
struct ConsoleBridge {
  /// How it ended.
  enum End: Equatable {
    /// The escape key was typed.
    case left
    case closedByConsole
  }

  /// How much input may wait for the console, in bytes.
  private static let limit = 65_536

  /// Descriptors that are borrowed; the socket does not block.
  let input: Int32
  let output: StandardStream
  let socket: Int32

  /// The key that ends it; nil where every byte is input.
  let escape: UInt8?

  let endsWithInput: Bool

  private var pending: [UInt8] = []
  private var isInputOpen = true

  init(input: Int32, output: StandardStream, socket: Int32, escape: UInt8?, endsWithInput: Bool = false) {
    self.endsWithInput = endsWithInput
    self.input = input
    self.output = output
    self.socket = socket
    self.escape = escape
  }

  mutating func run() throws(SystemError) -> End {
    while true {
      let ready = try wait()
      if ready.isReaderGone { return .left }
      if ready.socket & Int16(POLLOUT) != 0 { try send() }
      if ready.socket & Int16(POLLIN | POLLHUP | POLLERR) != 0, try !receive() { return .closedByConsole }
      if ready.input != 0, try !readInput() { return .left }
    }
  }

  private func wait() throws(SystemError) -> (input: Int16, socket: Int16, isReaderGone: Bool) {
    let isWanted = isInputOpen && pending.count < Self.limit
    var descriptors = [
      pollfd(fd: isWanted ? input : -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: socket, events: Int16(pending.isEmpty ? POLLIN : POLLIN | POLLOUT), revents: 0),
      // Whoever read what is printed may go while the console says nothing.
      pollfd(fd: output.descriptor, events: 0, revents: 0),
    ]
    _ = try retrying("poll") { poll(&descriptors, nfds_t(descriptors.count), -1) }
    let isReaderGone = descriptors[2].revents & Int16(POLLERR | POLLHUP) != 0
    return (descriptors[0].revents, descriptors[1].revents, isReaderGone)
  }

  /// False when the escape key was typed; what stood before it was sent.
  private mutating func readInput() throws(SystemError) -> Bool {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = try retrying("read") {
      bytes.withUnsafeMutableBytes { read(input, $0.baseAddress, $0.count) }
    }
    guard count > 0 else {
      isInputOpen = false
      return !endsWithInput
    }
    let typed = bytes[..<count]
    let end = escape.flatMap { typed.firstIndex(of: $0) }
    pending += typed[..<(end ?? count)]
    try send()
    return end == nil
  }

  /// Sends what the console takes now.
  private mutating func send() throws(SystemError) {
    while !pending.isEmpty {
      let count = pending.withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count >= 0 {
        pending.removeFirst(count)
        continue
      }
      let code = SystemError.lastErrorCode
      switch code {
      case EINTR: continue
      case EAGAIN: return
      // The console closed: what it wrote before is still to be read, and its end comes from there.
      case EPIPE, ECONNRESET: return pending.removeAll()
      default: throw SystemError("send", code: code)
      }
    }
  }

  /// Prints what the console wrote; false at its end.
  private func receive() throws(SystemError) -> Bool {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = bytes.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, 0) }
    if count > 0 {
      try output.write(Array(bytes[..<count]))
      return true
    }
    let code = SystemError.lastErrorCode
    guard count < 0 else { return false }
    switch code {
    case EINTR, EAGAIN: return true
    case ECONNRESET: return false
    default: throw SystemError("recv", code: code)
    }
  }
}
