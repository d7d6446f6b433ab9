internal import Glibc
internal import Host

/// The barest QMP client: it waits in poll(2), cuts lines and looks for words in them.
final class BareMonitor {
  let socket: FileDescriptor
  private var input: [UInt8] = []

  /// Connects; the listener need not have accepted yet.
  init(connectingTo path: String) throws {
    socket = try UnixSocket.connect(to: path)
  }

  func send(_ text: String) throws {
    try socket.write(Array(text.utf8))
  }

  /// Waits for a line that holds the word, and passes over others.
  @discardableResult
  func line(with word: String) throws -> [UInt8] {
    while true {
      while let line = takeLine() {
        if line.contains(word) { return line }
      }
      try awaitInput(from: [self])
      try readInput()
    }
  }

  /// Takes in what has come.
  func readInput() throws {
    while true {
      do throws(SystemError) {
        let piece = try socket.read(upTo: 65536)
        guard !piece.isEmpty else { throw SystemError("read", "monitor", code: ECONNRESET) }
        input += piece
      } catch {
        if error.code == EAGAIN { return }
        throw error
      }
    }
  }

  /// The next whole line that has come.
  func takeLine() -> [UInt8]? {
    guard let end = input.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    defer { input.removeSubrange(...end) }
    return Array(input[..<end])
  }
}

/// Waits until one of the monitors has something to read; their indices.
@discardableResult
func awaitInput(from monitors: [BareMonitor]) throws -> [Int] {
  var polled = monitors.map { pollfd(fd: $0.socket.rawValue, events: Int16(POLLIN), revents: 0) }
  let count = nfds_t(polled.count)
  _ = try retrying("poll") { poll(&polled, count, -1) }
  return polled.indices.filter { polled[$0].revents != 0 }
}

extension [UInt8] {
  /// Whether the word's bytes stand anywhere in these.
  func contains(_ word: String) -> Bool {
    let wanted = Array(word.utf8)
    guard let first = wanted.first else { return true }
    return withUnsafeBytes { text in
      var rest = text[...]
      while let start = rest.firstIndex(of: first), text.count - start >= wanted.count {
        if text[start..<start + wanted.count].elementsEqual(wanted) { return true }
        rest = text[(start + 1)...]
      }
      return false
    }
  }
}
