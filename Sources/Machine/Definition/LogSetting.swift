internal import JSON

/// How large a VM's logs may grow: its console's and QEMU's own, each for itself.
package struct LogLimits: Sendable, Equatable {
  /// A log of this size becomes an old one.
  package var maxSize = ByteCount.mebibytes(10)

  /// How many old ones stay.
  package var keep = 3

  package init() {}
}

/// The key `logs` as written: an object of which each member may be left out.
package struct LogSetting: Sendable, Equatable {
  package var maxSize: ByteCount?
  package var keep: Int?

  /// The limits, with defaults for what is not written.
  package var limits: LogLimits {
    var limits = LogLimits()
    if let maxSize { limits.maxSize = maxSize }
    if let keep { limits.keep = keep }
    return limits
  }
}

extension LogSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> LogSetting? {
    guard var reader = ObjectReader(node) else { return nil }
    let setting = LogSetting(
      maxSize: reader.read("maxSize", size),
      keep: reader.read("keep") { $0.integer(in: 0...1000, "number of old logs") })
    reader.finish()
    return setting
  }

  /// A log is rotated in whole blocks of the file system, and a smaller one would be all the time.
  private static func size(_ node: DefinitionNode) -> ByteCount? {
    guard let size = ByteCount.read(node) else { return nil }
    guard (ByteCount(bytes: 64 << 10) ... .gibibytes(1024)).contains(size) else {
      return node.wrong("a log's size must be from 64K to 1T, not \(size)")
    }
    return size
  }

  var json: JSONValue {
    var object = JSONObject()
    object["maxSize"] = maxSize?.json
    object["keep"] = keep?.json
    return .object(object)
  }

  func merged(over base: LogSetting) -> LogSetting {
    LogSetting(maxSize: maxSize ?? base.maxSize, keep: keep ?? base.keep)
  }
}
