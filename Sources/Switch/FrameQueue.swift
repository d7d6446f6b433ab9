/// Frames that a guest has not taken yet, in their order, in one piece of memory.
///
/// It takes that memory when the first frame waits and gives it back when none does.
struct FrameQueue: ~Copyable {
  /// Stands where a frame's length would: the next frame is at the beginning.
  private static let wrap = UInt32.max
  private static let lengthSize = MemoryLayout<UInt32>.size

  private let capacity: Int
  private var memory: UnsafeMutableRawBufferPointer?

  /// Where the oldest frame begins, and where the next one will.
  private var head = 0
  private var tail = 0
  private(set) var count = 0

  init(capacity: Int) {
    // Lengths stand at multiples of their size.
    self.capacity = capacity & ~(Self.lengthSize - 1)
  }

  deinit {
    memory?.deallocate()
  }

  var isEmpty: Bool { count == 0 }

  /// Puts a copy of a frame behind the others; false when it has no room.
  mutating func append(_ frame: UnsafeRawBufferPointer) -> Bool {
    let size = Self.size(of: frame.count)
    guard let place = place(of: size) else { return false }
    let memory = self.memory ?? UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
    self.memory = memory
    if place != tail, tail + Self.lengthSize <= capacity {
      memory.storeBytes(of: Self.wrap, toByteOffset: tail, as: UInt32.self)
    }
    memory.storeBytes(of: UInt32(frame.count), toByteOffset: place, as: UInt32.self)
    let start = place + Self.lengthSize
    UnsafeMutableRawBufferPointer(rebasing: memory[start..<(start + frame.count)]).copyMemory(from: frame)
    tail = place + size
    count += 1
    return true
  }

  /// Calls with the oldest frames, at most so many, which stay valid until the next change; gives their number.
  func forEachOldest(_ most: Int, _ body: (Int, UnsafeRawBufferPointer) -> Void) -> Int {
    guard let memory else { return 0 }
    var place = head
    let given = min(most, count)
    for index in 0..<given {
      place = start(place, memory)
      let length = Int(memory.load(fromByteOffset: place, as: UInt32.self))
      let bytes = memory[(place + Self.lengthSize)..<(place + Self.lengthSize + length)]
      body(index, UnsafeRawBufferPointer(rebasing: bytes))
      place += Self.size(of: length)
    }
    return given
  }

  /// Takes the oldest frames away.
  mutating func removeOldest(_ number: Int) {
    guard let memory, number > 0 else { return }
    for _ in 0..<min(number, count) {
      head = start(head, memory)
      head += Self.size(of: Int(memory.load(fromByteOffset: head, as: UInt32.self)))
      count -= 1
    }
    if count == 0 { removeAll() }
  }

  mutating func removeAll() {
    memory?.deallocate()
    memory = nil
    (head, tail, count) = (0, 0, 0)
  }

  /// Where a frame of that size can stand whole; the tail never reaches the head, or full would look like empty.
  private func place(of size: Int) -> Int? {
    guard count > 0 else { return size <= capacity ? 0 : nil }
    if tail > head {
      if tail + size <= capacity { return tail }
      return size < head ? 0 : nil
    }
    return tail + size < head ? tail : nil
  }

  /// Where the frame at a place is: there, or at the beginning.
  private func start(_ place: Int, _ memory: UnsafeMutableRawBufferPointer) -> Int {
    guard place + Self.lengthSize <= capacity else { return 0 }
    return memory.load(fromByteOffset: place, as: UInt32.self) == Self.wrap ? 0 : place
  }

  private static func size(of length: Int) -> Int {
    (lengthSize + length + lengthSize - 1) & ~(lengthSize - 1)
  }
}
