internal import Glibc
internal import Host
internal import Machine

/// Reads on in the log of a guest's console until a pattern has shown in it.
///
/// QEMU writes the log, so nothing is missed while no supervisor runs. Owned by the VM's actor; the reading itself
/// goes to a lane and comes back.
final class ConsoleReader {
  /// Whether the last attempt to follow it failed: it is said once.
  var hasFailed = false

  /// The question when the log grows next.
  var token: FileWatch.Token?

  /// How far it is; nil while it is read on.
  private var reading: ConsoleReading?

  /// What the log has lost at its head meanwhile, in bytes.
  private var shifted: Int64 = 0

  /// Begins at a place in the log.
  init(_ path: String, from start: Int64, for pattern: ConsolePattern) {
    reading = ConsoleReading(path: path, scan: ConsoleScan(pattern), position: start)
  }

  /// Whether the log has grown since the reading was lent.
  private var hasGrown = false

  /// Lends the reading; nil while somebody has it, who then hears that there is more.
  func lend() -> ConsoleReading? {
    hasGrown = reading == nil
    return reading.take()
  }

  /// Takes the reading back; true when there is more to read meanwhile.
  func takeBack(_ reading: ConsoleReading) -> Bool {
    var reading = reading
    reading.position = max(0, reading.position - shifted)
    shifted = 0
    self.reading = reading
    return hasGrown
  }

  /// The log has lost so many bytes at its head.
  func shift(by count: Int64) {
    if let position = reading?.position {
      reading?.position = max(0, position - count)
    } else {
      shifted += count
    }
  }
}

/// How far a console's log has been read, and what of the pattern has shown.
struct ConsoleReading: Sendable {
  /// What is read before the reader rests, in bytes, and how long that may take.
  private static let mostAtOnce = 4 << 20
  private static let longestAtOnce = Duration.milliseconds(50)

  let path: String
  var scan: ConsoleScan

  /// How far the log has been read, in bytes.
  var position: Int64

  /// What a read has come to.
  enum Finding {
    case shown

    /// There is more to read now.
    case more

    /// The end of the log.
    case nothing
  }

  /// Reads on, and has it told when the log grows behind that; what cannot be read is not watched either.
  ///
  /// Blocks.
  mutating func readOn(
    watching files: FileWatch, _ grown: @escaping @Sendable () -> Void
  ) throws(SystemError) -> (FileWatch.Token, Finding) {
    // Asked first, so that what comes behind the reading is told.
    let token = try files.watch(path, grown)
    do throws(SystemError) {
      return (token, try readOn())
    } catch {
      files.cancel(token)
      throw error
    }
  }

  /// Blocks.
  mutating func readOn() throws(SystemError) -> Finding {
    let file = try FileDescriptor.open(path, O_RDONLY | O_NOFOLLOW)
    // A log that somebody has cut off begins anew.
    if try file.size() < position { position = 0 }
    let (end, deadline) = (position + Int64(Self.mostAtOnce), Instant.now + Self.longestAtOnce)
    while position < end, Instant.now < deadline {
      let bytes = try file.read(upTo: 16_384, at: position)
      if bytes.isEmpty { return .nothing }
      position += Int64(bytes.count)
      if scan.shows(bytes) { return .shown }
    }
    return .more
  }
}
