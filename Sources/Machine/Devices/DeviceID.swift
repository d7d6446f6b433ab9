/// What a device is known by: to QEMU, to the next start, and in what is said of a change.
///
/// It comes from a name, never from a place in a list, so that editing a list changes only what was edited. QEMU has
/// the same id for the device and for its backend: `disk-data` is a `-device` and a block node, `net-user` a `-device`
/// and a `-netdev`.
package struct DeviceID: Sendable, Hashable {
  package let text: String

  package init(_ text: String) { self.text = text }

  /// A disk's: with the name, at most as long as QEMU lets the name of a block node be.
  package static func disk(_ name: String) -> DeviceID { DeviceID(diskPrefix + name) }

  /// A network card's, by its network.
  package static func networkCard(_ name: String) -> DeviceID { DeviceID("net-" + name) }

  private static let diskPrefix = "disk-"
  private static let filePrefix = "file-"

  /// The block node of a disk's file, below that of its format.
  var fileNode: String { Self.filePrefix + text.dropFirst(Self.diskPrefix.count) }

  /// The name of the disk that a block node belongs to; the node's own name where it is not of these.
  package static func diskName(ofNode node: String) -> String {
    for prefix in [diskPrefix, filePrefix] where node.hasPrefix(prefix) {
      return String(node.dropFirst(prefix.count))
    }
    return node
  }

  /// How long a disk's name may be: QEMU's names of block nodes have at most 31 bytes.
  static let longestDiskName = 31 - diskPrefix.utf8.count
}

extension DeviceID: CustomStringConvertible {
  package var description: String { text }
}
