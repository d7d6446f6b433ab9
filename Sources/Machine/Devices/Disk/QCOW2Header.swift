internal import JSON

/// What the header of a qcow2 image says of the other files that it needs.
///
/// Format: docs/interop/qcow2.txt in QEMU. A header that is damaged names none of them; QEMU says what is wrong.
package struct QCOW2Header: Sendable, Equatable {
  /// How large the disk is that a guest finds, in bytes.
  package private(set) var virtualSize: UInt64

  /// Where in the file the name of its backing file stands, and how long it is; nil when it stands on none.
  package private(set) var backingName: Range<Int>?

  /// The format of the backing file, where the header says it.
  package private(set) var backingFormat: String?

  /// The file that holds the guest's data, when this one holds the tables only.
  package private(set) var dataFile: String?

  /// How many bytes of the beginning are enough: header and extensions.
  package static let length = 4096

  /// Names that are longer are none; QEMU: 1023 bytes.
  private static let longestName = 1023

  /// Nil when the bytes are none of version 2 or 3.
  package init?(head: [UInt8]) {
    guard head.count >= 72, head.starts(with: "QFI".utf8 + [0xFB]) else { return nil }
    let header = BigEndianBytes(head)
    guard let version = header.uint32(at: 4), version == 2 || version == 3 else { return nil }
    virtualSize = header.uint64(at: 24) ?? 0
    if let offset = header.uint64(at: 8), let size = header.uint32(at: 16), offset > 0, size > 0,
      size <= Self.longestName, offset < 1 << 32
    {
      backingName = Int(offset)..<Int(offset) + Int(size)
    }
    let hasDataFile = version == 3 && (header.uint64(at: 72) ?? 0) & 1 << 2 != 0
    var offset = version == 3 ? Int(header.uint32(at: 100) ?? 104) : 72
    while let type = header.uint32(at: offset), let size = header.uint32(at: offset + 4), type != 0 {
      guard let text = header.text(at: offset + 8, length: Int(size)) else { return }
      switch type {
      case 0xE279_2ACA: backingFormat = text
      case 0x4441_5441 where hasDataFile: dataFile = text
      default: break
      }
      offset += 8 + (Int(size) + 7) / 8 * 8
    }
  }

  /// The local file that a name in a header means; nil for what lies elsewhere, such as `nbd://host/disk`.
  ///
  /// A relative name starts at the folder of the image that has it; QEMU: path_combine.
  package static func path(of name: String, in folder: String) -> String? {
    if name.hasPrefix("json:") { return path(ofNode: String(name.dropFirst(5)), in: folder) }
    var name = name[...]
    if name.hasPrefix("file:") { name = name.dropFirst(5) }
    let hasProtocol = name.prefix { $0 != "/" }.contains(":")
    return hasProtocol || name.isEmpty ? nil : String(name).anchored(in: folder)
  }

  /// The local file of a node that is written as JSON.
  private static func path(ofNode text: String, in folder: String) -> String? {
    // What is no JSON names nothing; QEMU refuses it.
    guard let node = try? JSONValue(parsing: text) else { return nil }
    let name = node["file"]?["filename"] ?? node["file.filename"] ?? node["filename"]
    return name?.string?.anchored(in: folder)
  }
}

/// Numbers and texts in a header; nil for what reaches beyond its end.
private struct BigEndianBytes {
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func uint32(at offset: Int) -> UInt32? {
    slice(offset, 4)?.reduce(0) { $0 << 8 | UInt32($1) }
  }

  func uint64(at offset: Int) -> UInt64? {
    slice(offset, 8)?.reduce(0) { $0 << 8 | UInt64($1) }
  }

  func text(at offset: Int, length: Int) -> String? {
    slice(offset, length).map { String(decoding: $0, as: UTF8.self) }
  }

  private func slice(_ offset: Int, _ length: Int) -> ArraySlice<UInt8>? {
    guard offset >= 0, length >= 0, offset <= bytes.count, length <= bytes.count - offset else { return nil }
    return bytes[offset..<offset + length]
  }
}
