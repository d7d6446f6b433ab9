internal import Glibc
internal import Host
internal import Machine

/// Reads on in the log of a guest's console until a pattern has shown in it.
///
/// QEMU writes the log, so nothing is missed while no supervisor runs. Owned by the VM's actor.
final class ConsoleReader {
  /// What is read before others have their turn, in bytes.
  private static let mostAtOnce = 4 << 20

  private let path: String
  private var scan: ConsoleScan

  /// How far the log has been read, in bytes.
  private var position: Int64

  /// The question when the log grows next.
  var token: FileWatch.Token?

  /// Begins at a place in the log; nil when the pattern cannot be made ready, for want of memory.
  init?(_ path: String, from start: Int64, for pattern: ConsolePattern) {
    guard let scan = ConsoleScan(pattern) else { return nil }
    self.path = path
    self.scan = scan
    position = start
  }

  /// What a read has come to.
  enum Finding {
    case shown

    /// There is more to read now.
    case more

    /// The end of the log.
    case nothing
  }

  func readOn() throws(SystemError) -> Finding {
    let file = try FileDescriptor.open(path, O_RDONLY | O_NOFOLLOW)
    let number = file.rawValue
    // A log that somebody has cut off begins anew.
    if FileSystem.size(of: path) < position { position = 0 }
    _ = try retrying("lseek", path) { lseek(number, off_t(position), Int32(SEEK_SET)) }
    var rest = Self.mostAtOnce
    while rest > 0 {
      let bytes = try file.read(upTo: 65536)
      if bytes.isEmpty { return .nothing }
      position += Int64(bytes.count)
      rest -= bytes.count
      if scan.shows(bytes) { return .shown }
    }
    return .more
  }

  /// The log has lost so many bytes at its head.
  func shift(by count: Int64) {
    position = max(0, position - count)
  }
}
