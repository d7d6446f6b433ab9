import Glibc
import Host
import Testing

@Suite("A log's rotation")
struct LogRotationTests {
  /// Lines that tell their place, or that are all alike, so that nothing can be told from what is written.
  enum Text: CaseIterable {
    case numbered
    case alike

    func lines(_ numbers: Range<Int>) -> [UInt8] {
      switch self {
      case .numbered:
        numbers.flatMap { Array("line \($0) of a guest that has much to say on its console\n".utf8) }
      case .alike: [UInt8](repeating: UInt8(ascii: "\n"), count: 64 * numbers.count)
      }
    }
  }

  @Test(
    "loses and doubles nothing under a writer that never rests", .timeLimit(.minutes(10)),
    arguments: LogFolder.Place.allCases)
  func writer(place: LogFolder.Place) async throws {
    let log = try LogFolder(place)
    try log.append([])
    let path = log.files.current
    let (writing, feed) = AsyncStream.makeStream(of: Void.self)
    let writer = Task.detached {
      defer { feed.finish() }
      let file = try FileDescriptor.openLog(path)
      for number in 0..<50_000 {
        try file.write(Text.numbered.lines(number..<number + 1))
        if number % 500 == 0 { feed.yield() }
      }
    }
    var moved: Int64 = 0
    for await _ in writing { try log.rotation.rotate { moved += $0 } }
    try await writer.value
    try log.rotation.rotate { moved += $0 }
    let text = Text.numbered.lines(0..<50_000)
    let isExact = try log.joined() == text
    #expect(isExact)
    // Nothing is left of the work, and every old file has its size.
    let names = try log.names()
    #expect(names.count == text.count / (1 << 16) + 1)
    for name in names where name != "console.log" {
      #expect(FileSystem.size(of: log.folder.file(name)) == 1 << 16)
    }
    let start = Int64(text.count / (1 << 16) * (1 << 16))
    #expect(try FileDescriptor.open(path, O_RDONLY).dataStart() == start - moved)
  }

  /// Where a rotation can be when its process is killed.
  enum Instant: String, CaseIterable {
    case begun, halfCopied, copied, named, punched, punchNamed, collapsed, roomHalfMade
  }

  @Test(
    "goes on where its process was killed",
    arguments: LogFolder.Place.allCases.flatMap { place in
      Instant.allCases.flatMap { instant in Text.allCases.map { (place, instant, $0) } }
    })
  func interrupted(place: LogFolder.Place, instant: Instant, text: Text) throws {
    let log = try LogFolder(place)
    try log.append(text.lines(0..<5_000))
    try log.rotation.rotate()
    let before = try log.names()
    #expect(before.count > 3)
    try log.append(text.lines(5_000..<7_000))
    try interrupt(log, at: instant)
    // The guest goes on meanwhile.
    try log.append(text.lines(7_000..<10_000))
    try log.rotation.rotate()
    let isExact = try log.joined() == text.lines(0..<10_000)
    #expect(isExact)
    #expect(try log.names().allSatisfy { $0.contains(/^console\.(\d+\.)?log$/) })
    #expect(try log.present().count < 1 << 16)
  }

  /// Leaves what a rotation leaves that ends at an instant.
  private func interrupt(_ log: LogFolder, at instant: Instant) throws {
    let file = try FileDescriptor.open(log.files.current, O_RDWR)
    let start = try file.dataStart()
    let head = start + 1 << 16
    let (punch, collapse) = (
      log.files.path(of: .init(.punch, head: head)), log.files.path(of: .init(.collapse, head: head))
    )
    func reached(_ other: Instant) -> Bool {
      Instant.allCases.firstIndex(of: instant) ?? 0 >= Instant.allCases.firstIndex(of: other) ?? 0
    }
    let bytes = try file.read(upTo: 1 << 16, at: start)
    let copied = reached(.copied) ? bytes : reached(.halfCopied) ? Array(bytes[..<10_000]) : []
    try FileDescriptor.openLog(log.files.copy).write(copied)
    if reached(.named) { try FileSystem.move(log.files.copy, to: punch) }
    if reached(.punched) { try file.punchHead(head) }
    if reached(.punchNamed) { try FileSystem.move(punch, to: collapse) }
    if reached(.collapsed) { _ = try file.collapseHead(head) }
    guard reached(.roomHalfMade) else { return }
    let last = try #require((1...).first { !FileSystem.exists(log.files.old($0)) })
    for number in [last - 1, last - 2] {
      try FileSystem.move(log.files.old(number), to: log.files.old(number + 1))
    }
  }

  @Test("keeps as many old files as it is told, and none of another's", arguments: LogFolder.Place.allCases)
  func kept(place: LogFolder.Place) throws {
    for (count, names) in [
      (3, ["console.1.log", "console.2.log", "console.3.log"]), (1, ["console.1.log"]), (0, []),
    ] {
      let log = try LogFolder(place)
      try log.folder.write("qemu.1.log", "another's")
      let text = Text.numbered.lines(0..<10_000)
      try log.append(text)
      try log.rotation.rotate()
      try LogRotation(log.files.current, sizeLimit: 1 << 16, keptCount: count).rotate()
      try log.append(text)
      try LogRotation(log.files.current, sizeLimit: 1 << 16, keptCount: count).rotate()
      #expect(try log.names() == names + ["console.log", "qemu.1.log"])
      let joined = try log.joined()
      let isEnd = (text + text).suffix(joined.count) == joined[...]
      #expect(isEnd)
    }
  }

  @Test("leaves a small log alone, and one that is not there", arguments: LogFolder.Place.allCases)
  func small(place: LogFolder.Place) throws {
    let log = try LogFolder(place)
    try log.rotation.rotate()
    #expect(try log.names().isEmpty)
    try log.append(Array(repeating: 0x61, count: 1 << 16 - 1))
    try log.rotation.rotate()
    #expect(try log.names() == ["console.log"])
    // One byte more, and it has its size; some of it stays, as a file cannot be collapsed to nothing.
    try log.append([0x62])
    try log.rotation.rotate()
    #expect(try log.names() == ["console.1.log", "console.log"])
    #expect(try log.present().last == 0x62)
  }

  @Test("keeps all in the log when it cannot be copied", arguments: LogFolder.Place.allCases)
  func refused(place: LogFolder.Place) throws {
    let log = try LogFolder(place)
    let text = Text.numbered.lines(0..<2_000)
    try log.append(text)
    // A folder stands where the copy is to be.
    try FileSystem.makeDirectory(log.files.copy)
    #expect(throws: SystemError.self) { try log.rotation.rotate() }
    let isWhole = try log.present() == text
    #expect(isWhole)
    try FileSystem.removeTree(log.files.copy)
    try log.rotation.rotate()
    let isExact = try log.joined() == text
    #expect(isExact)
    #expect(FileSystem.exists(log.files.old(1)))
  }
}
