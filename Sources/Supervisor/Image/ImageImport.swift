internal import Glibc
internal import Host
internal import Machine

/// Takes a file into the store: the work of `image-add`.
///
/// It is cloned where the file system can, so that both share their blocks until one changes, else copied a piece at a
/// time, its holes left holes. It blocks.
struct ImageImport: Sendable {
  /// What was made.
  struct Content: Sendable, Equatable {
    let sha256: String
    let format: DiskSetting.Format
    let size: Int64
  }

  let source: String

  /// The new file; whoever asks for it removes it when this fails.
  let draft: String
  let environment: [String: String]

  /// Makes the draft, whole and durable.
  func run(_ task: JobTask) throws -> Content {
    _ = try ImageFormat.check(source)
    let input = try FileDescriptor.open(source, O_RDONLY)
    let output = try FileDescriptor.open(draft, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW)
    let before = try input.version()
    task.expect(before.size)
    let sum: String
    if try output.clone(input) {
      sum = try ImageReading(environment: environment).checksum(of: output, task)
    } else {
      sum = try ImageReading(environment: environment).checksum(of: input, task) { piece, place in
        if !piece.allSatisfy({ $0 == 0 }) { try output.write(piece, at: place) }
      }
      try output.truncate(to: before.size)
      guard try input.version() == before else {
        throw JobFailure.failed(
          "'\(source)' was changed while it was copied\n  Give the command again when nobody writes to it.")
      }
    }
    try output.sync()
    // What was looked at before may have become something else.
    return Content(
      sha256: sum, format: try ImageFormat.check(draft, called: source), size: try output.size())
  }
}

/// Reads an image to its end, and gives its checksum.
struct ImageReading: Sendable {
  /// How much is read at once, in bytes.
  private static let pieceSize = 1 << 20

  let environment: [String: String]

  /// The checksum of a file; each piece is given away with its place in the file.
  func checksum(
    _ kind: Checksum.Kind = .sha256, of file: borrowing FileDescriptor, _ task: JobTask,
    piece: ([UInt8], Int64) throws -> Void = { _, _ in }
  ) throws -> String {
    let checksum = try Checksum(kind, environment: environment)
    var place: Int64 = 0
    while true {
      let bytes = try file.read(upTo: Self.pieceSize, at: place)
      if bytes.isEmpty { break }
      try piece(bytes, place)
      try checksum.add(bytes)
      place += Int64(bytes.count)
      try task.advance(by: Int64(bytes.count))
    }
    return try checksum.end()
  }
}

/// What an image in the store may be: a file that needs no other.
enum ImageFormat {
  /// The format that a file's bytes show, `raw` for none; refuses what cannot be an image of the store.
  ///
  /// `called` is what it is named in the refusal.
  static func check(_ path: String, called name: String? = nil) throws -> DiskSetting.Format {
    let name = name ?? path
    let file = try FileDescriptor.open(path, O_RDONLY)
    let version = try file.version()
    guard version.isRegular else { throw JobFailure.failed("'\(name)' is no file") }
    guard version.size > 0 else { throw JobFailure.failed("'\(name)' is empty") }
    let head = try file.read(upTo: QCOW2Header.length, at: 0)
    let tail = try file.read(
      upTo: ImageMagic.tailLength, at: max(0, version.size - Int64(ImageMagic.tailLength)))
    guard let magic = ImageMagic(head: head.prefix(ImageMagic.headLength), tail: tail) else { return .raw }
    let advice = "\n  'qemu-img convert -O qcow2' makes one image of it that stands alone."
    guard let format = magic.format else {
      throw JobFailure.failed("'\(name)' is a \(magic.rawValue) image, which qemuvm does not attach\(advice)")
    }
    if format == .vmdk, head.starts(with: "# Disk DescriptorFile".utf8) {
      throw JobFailure.failed("'\(name)' names other files that have its data\(advice)")
    }
    guard let header = QCOW2Header(head: head) else { return format }
    if let place = header.backingName {
      let bytes = try file.read(upTo: place.count, at: Int64(place.lowerBound))
      let backing = String(decoding: bytes, as: UTF8.self)
      throw JobFailure.failed("'\(name)' stands on another image, '\(backing)'\(advice)")
    }
    if let data = header.dataFile {
      throw JobFailure.failed("'\(name)' keeps its data in another file, '\(data)'\(advice)")
    }
    return format
  }
}
