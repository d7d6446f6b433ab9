internal import Glibc
internal import Host

/// A log read as it grows, by whatever way it is rotated.
///
/// A log whose head is cut away moves its bytes to lower offsets, in whole blocks: the last bytes that were read tell
/// where the reading goes on. A log that is renamed is read to its end before the file in its place.
struct GrowingLog: ~Copyable {
  /// How many bytes are remembered to find the place again.
  private static let memorySize = 1024

  /// File systems cut files at multiples of this, or of a multiple of it.
  private static let block: Int64 = 4096

  private let path: String
  private var file: FileDescriptor?
  private var offset: Int64
  private var memory: [UInt8] = []

  init(_ path: String, from offset: Int64 = 0) {
    self.path = path
    self.offset = offset
  }

  /// Skips to the last `count` lines; a last line without its end counts as one.
  mutating func skip(toLast count: Int) throws(SystemError) {
    try openIfPresent()
    guard number != nil else { return }
    let size = try self.size()
    var position = size
    var ends = 0
    while position > 0 {
      let start = max(0, position - 65_536)
      let piece = try bytes(at: start, count: Int(position - start))
      for index in piece.indices.reversed() where piece[index] == UInt8(ascii: "\n") {
        // The end of the last line begins no further one.
        if start + Int64(index) == size - 1 { continue }
        ends += 1
        if ends == count { return try move(to: start + Int64(index) + 1) }
      }
      position = start
    }
    if count == 0 { try move(to: size) }
  }

  /// Hands out all that was written since the last call.
  mutating func readOn(_ hand: ([UInt8]) throws(SystemError) -> Void) throws(SystemError) {
    try openIfPresent()
    guard number != nil else { return }
    try findPlace()
    try readToEnd(hand)
    guard try isReplaced() else { return }
    // What was written between the last read and the renaming is there by now.
    try readToEnd(hand)
    file = nil
    (offset, memory) = (0, [])
    try openIfPresent()
    try readToEnd(hand)
  }

  private mutating func openIfPresent() throws(SystemError) {
    guard number == nil else { return }
    do throws(SystemError) {
      file = try FileDescriptor.open(path, O_RDONLY)
    } catch {
      if error.code != ENOENT { throw error }
    }
  }

  private mutating func readToEnd(_ hand: ([UInt8]) throws(SystemError) -> Void) throws(SystemError) {
    while true {
      let piece = try bytes(at: offset, count: 65_536)
      if piece.isEmpty { return }
      offset += Int64(piece.count)
      memory = Array((memory + piece).suffix(Self.memorySize))
      try hand(piece)
    }
  }

  /// Moves the offset to where the remembered bytes end now; to the beginning when they are gone.
  private mutating func findPlace() throws(SystemError) {
    guard !memory.isEmpty else { return }
    if try remembers(offset) { return }
    let surplus = max(0, offset - (try size()))
    var cut = max(Self.block, (surplus + Self.block - 1) / Self.block * Self.block)
    while offset - cut >= 0 {
      if try remembers(offset - cut) {
        offset -= cut
        return
      }
      cut += Self.block
    }
    (offset, memory) = (0, [])
  }

  /// Whether the remembered bytes, or as many of them as a cut has left, stand before a place.
  private func remembers(_ place: Int64) throws(SystemError) -> Bool {
    let expected = memory.suffix(Int(min(place, Int64(memory.count))))
    guard !expected.isEmpty else { return false }
    return try bytes(at: place - Int64(expected.count), count: expected.count).elementsEqual(expected)
  }

  private mutating func move(to place: Int64) throws(SystemError) {
    let start = max(0, place - Int64(Self.memorySize))
    memory = try bytes(at: start, count: Int(place - start))
    offset = place
  }

  private func bytes(at place: Int64, count: Int) throws(SystemError) -> [UInt8] {
    guard let number = number, count > 0 else { return [] }
    var buffer = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let read = try retrying("pread", path) {
        buffer.withUnsafeMutableBytes {
          pread(number, $0.baseAddress?.advanced(by: filled), count - filled, off_t(place) + filled)
        }
      }
      if read == 0 { break }
      filled += read
    }
    return Array(buffer[..<filled])
  }

  /// The open file's descriptor, borrowed; nil while there is none.
  private var number: Int32? {
    switch file {
    case .some(let file): file.rawValue
    case nil: nil
    }
  }

  private func size() throws(SystemError) -> Int64 {
    guard let number = number else { return 0 }
    var status = stat()
    _ = try retrying("fstat", path) { fstat(number, &status) }
    return Int64(status.st_size)
  }

  /// Whether another file stands at the path; none at all counts as the same one.
  private func isReplaced() throws(SystemError) -> Bool {
    guard let number = number else { return false }
    var (ours, there) = (stat(), stat())
    _ = try retrying("fstat", path) { fstat(number, &ours) }
    guard stat(path, &there) == 0 else { return false }
    return ours.st_ino != there.st_ino || ours.st_dev != there.st_dev
  }
}
