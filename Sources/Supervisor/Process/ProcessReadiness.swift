internal import Host

/// How it is known that a supervised process serves; data of whoever owns it.
///
/// A QEMU's owner negotiates with its monitor instead.
package enum ProcessReadiness: Sendable, Equatable {
  /// It serves as soon as it is there.
  case atOnce

  /// It writes a line to this descriptor of its own: `ok`, or `error: ` and why not.
  case line(descriptor: Int32)

  /// A path of its own appears.
  case path(String)

  /// What such a line says.
  enum Word: Sendable, Equatable {
    case ready
    case refused(String)

    /// Nil of a process that has said nothing, or something else.
    init?(_ bytes: [UInt8]) {
      let line = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
      if line == "ok" {
        self = .ready
      } else if line.hasPrefix(Self.refusal) {
        self = .refused(String(line.dropFirst(Self.refusal.count)))
      } else {
        return nil
      }
    }

    private static let refusal = "error: "
  }

  /// Reads the line of a process that has just been started; it blocks until that is said, or the process has ended.
  static func word(from pipe: consuming FileDescriptor) -> Word? {
    var bytes: [UInt8] = []
    // Nobody says more than that, and a read that fails is as good as an end.
    while bytes.count < 4096, !bytes.contains(UInt8(ascii: "\n")),
      let more = try? pipe.read(upTo: 4096), !more.isEmpty
    {
      bytes += more
    }
    return Word(bytes)
  }
}
