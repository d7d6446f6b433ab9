/// One event of inotify(7): what happened to a watched file or to one of a watched folder.
package struct InotifyEvent: Sendable, Equatable {
  /// The watch descriptor; -1 for an overflow, which is of no watch.
  package let watch: Int32

  /// IN_MODIFY and its like.
  package let mask: UInt32

  /// The name in a watched folder, as bytes; empty for the watched file itself.
  package let name: [UInt8]

  /// The events of one read(2): a watch, a mask, a cookie and the name's size, 32 bits each, then the name with NULs
  /// to that size.
  package static func events(in bytes: [UInt8]) -> [InotifyEvent] {
    bytes.withUnsafeBytes { bytes in
      var events: [InotifyEvent] = []
      var start = 0
      while start + 16 <= bytes.count {
        let end = start + 16 + Int(bytes.loadUnaligned(fromByteOffset: start + 12, as: UInt32.self))
        let name = bytes[(start + 16)..<min(end, bytes.count)].prefix { $0 != 0 }
        events.append(
          InotifyEvent(
            watch: bytes.loadUnaligned(fromByteOffset: start, as: Int32.self),
            mask: bytes.loadUnaligned(fromByteOffset: start + 4, as: UInt32.self), name: Array(name)))
        start = end
      }
      return events
    }
  }
}
