import Dispatch
import Glibc
import Host
import Synchronization
import Testing

@testable import qemuvm

@Suite("A log that is rotated while it is followed") struct RotatedLogTests {
  /// Where a head is collapsed, and where it becomes a hole.
  static let places = [FileSystem.currentDirectory + "/.build", "/dev/shm"]

  /// A folder of this test's own, removed with it.
  final class Folder: Sendable {
    let path: String
    let rotation: LogRotation

    init(in parent: String, keeping count: Int = 1000) throws {
      var template = Array("\(parent)/qemuvm-log.XXXXXX".utf8CString)
      path = try #require(mkdtemp(&template).map { String(cString: $0) })
      rotation = LogRotation(path + "/console.log", sizeLimit: 1 << 16, keptCount: count)
      try append("")
    }

    deinit { try? FileSystem.removeTree(path) }

    func append(_ text: String) throws {
      try FileDescriptor.openLog(rotation.files.current).write(Array(text.utf8))
    }
  }

  @Test("is read whole, by a reader who is fast or slow", .timeLimit(.minutes(10)), arguments: places)
  func concurrent(place: String) throws {
    let folder = try Folder(in: place)
    var fast = GrowingLog(folder.rotation.files.current)
    var slow = GrowingLog(folder.rotation.files.current)
    var (fastBytes, slowBytes): ([UInt8], [UInt8]) = ([], [])
    // Opened while it is empty; what follows is theirs.
    try fast.readOn { fastBytes += $0 }
    try slow.readOn { slowBytes += $0 }
    let isWriting = Atomic(true)
    // A serial queue has a thread of its own; the readers below leave the pool none.
    DispatchQueue(label: "writer").async {
      defer { isWriting.store(false, ordering: .releasing) }
      do {
        for number in 0..<30_000 {
          try folder.append("line \(number) of a guest that has much to say on its console\n")
          if number % 1000 == 0 { try folder.rotation.rotate() }
        }
      } catch {
        Issue.record(error)
      }
    }
    // Without a pause, so that it comes upon each step of a rotation.
    while isWriting.load(ordering: .acquiring) { try fast.readOn { fastBytes += $0 } }
    try fast.readOn { fastBytes += $0 }
    try slow.readOn { slowBytes += $0 }
    let lines = (0..<30_000).map { "line \($0) of a guest that has much to say on its console\n" }
    let expected = Array(lines.joined().utf8)
    let (isFastExact, isSlowExact) = (fastBytes == expected, slowBytes == expected)
    #expect(isFastExact && isSlowExact)
  }

  @Test("is read whole at every step of a rotation, though all its lines are alike", arguments: places)
  func steps(place: String) throws {
    let folder = try Folder(in: place)
    let files = folder.rotation.files
    // Of two readers one is behind, in what is cut.
    for behind in [false, true] {
      var log = GrowingLog(files.current)
      try log.skip(toLast: 0)
      var (read, written) = (0, 0)
      func append() throws {
        try folder.append(String(repeating: "\n", count: 50_000))
        written += 50_000
      }
      func look() throws {
        try log.readOn { read += $0.count }
        #expect(read == written)
      }
      for _ in 0..<3 {
        try append()
        if !behind { try look() }
        try append()
        if !behind { try look() }
        let file = try FileDescriptor.open(files.current, O_RDWR)
        let head = try file.dataStart() + 1 << 16
        let (punch, collapse) = (
          files.path(of: .init(.punch, head: head)), files.path(of: .init(.collapse, head: head))
        )
        try FileDescriptor.openLog(files.copy).write([UInt8](repeating: 10, count: 1 << 16))
        if !behind { try look() }
        try FileSystem.move(files.copy, to: punch)
        try look()
        try file.punchHead(head)
        try look()
        try append()
        try FileSystem.move(punch, to: collapse)
        try look()
        _ = try file.collapseHead(head)
        try append()
        try look()
        try folder.rotation.rotate()
        try look()
      }
    }
  }

  @Test("goes on at the right place when only one old file is kept, and none", arguments: places, [0, 1])
  func few(place: String, count: Int) throws {
    let folder = try Folder(in: place, keeping: count)
    var log = GrowingLog(folder.rotation.files.current)
    for round in 0..<5 {
      let text = (0..<1200).map {
        "line \($0) of round \(round), which is long enough to fill the log soon\n"
      }.joined()
      try folder.append(text)
      var read = ""
      try log.readOn { read += String(decoding: $0, as: UTF8.self) }
      let isExact = read == text
      #expect(isExact)
      try folder.rotation.rotate()
    }
  }

  @Test("begins with its own bytes, not with the hole where older ones were", arguments: places)
  func tail(place: String) throws {
    let folder = try Folder(in: place)
    try folder.append(String(repeating: "x\n", count: 40_000))
    try folder.rotation.rotate()
    var log = GrowingLog(folder.rotation.files.current)
    var bytes: [UInt8] = []
    try log.readOn { bytes += $0 }
    #expect(!bytes.contains(0) && bytes.count == 80_000 - 1 << 16)
    var last = GrowingLog(folder.rotation.files.current)
    try last.skip(toLast: 100_000)
    var all: [UInt8] = []
    try last.readOn { all += $0 }
    #expect(all == bytes)
  }
}
