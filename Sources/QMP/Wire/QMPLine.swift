package import JSON

/// How a message stands on the wire: compact, on one line.
package enum QMPLine {
  /// As a server ends it.
  package static func fromServer(_ message: JSONValue) -> [UInt8] {
    var bytes: [UInt8] = []
    message.append(to: &bytes)
    bytes += [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
    return bytes
  }

  /// As a client sends it: with no line feed, since the last bracket ends it and QEMU spends a turn of its main loop
  /// on each byte of its input.
  package static func fromClient(_ message: JSONValue) -> [UInt8] {
    message.bytes()
  }
}
