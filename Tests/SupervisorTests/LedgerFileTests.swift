import Control
import Glibc
import Host
import JSON
import Machine
import Testing

@testable import Supervisor

/// The ledger's files: torn ends, rotation, full disks, and other hands.
@Suite struct LedgerFileTests {
  @Test("a file cut at any byte of its last record is read, said to be torn, and numbered on")
  func tornAnywhere() async throws {
    let folder = try LedgerFolder()
    let ledger = folder.ledger()
    ledger.append(.message(number: 1), of: try .web)
    ledger.append(.message("the last, with a non-ASCII dåsh"), of: try .shopWeb)
    ledger.settle()
    let whole = try FileSystem.read(folder.current)
    let before = try folder.records()
    #expect(before.map(\.seq) == [1, 2, 3])
    let start = whole.dropLast().lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    for end in start...whole.count {
      try folder.write(whole[..<end])
      // Without its line end a record is whole all the same.
      let kept = end >= whole.count - 1 ? 3 : 2
      #expect(try folder.records() == Array(before.prefix(kept)), "cut at \(end)")
      folder.ledger().settle()
      let records = try folder.records()
      #expect(records.map(\.seq) == Array(1...(kept + 2)), "cut at \(end)")
      #expect(Array(records.prefix(kept)) == Array(before.prefix(kept)), "cut at \(end)")
      guard case .gap(let gap) = records[kept].event else {
        Issue.record("no gap after a cut at \(end): \(records[kept])")
        continue
      }
      #expect(gap.tornBytes == (kept == 3 ? 0 : end - start), "cut at \(end)")
      #expect(gap.since == before[kept - 1].time && !gap.wasOrderly && !gap.hasRebooted)
    }
  }

  @Test(
    "rubbish at the end costs itself, and nothing before it",
    arguments: ["\u{0}\u{0}\u{0}", "half a li", "a whole line\n", "\n\n\n", "{\"seq\":1}\n{", "[1]\n\u{0}\n"])
  func rubbish(tail: String) async throws {
    let folder = try LedgerFolder()
    folder.ledger().settle()
    let whole = try FileSystem.read(folder.current)
    try folder.write(whole + Array(tail.utf8))
    folder.ledger().settle()
    #expect(try folder.records().map(\.seq) == [1, 2, 3])
    #expect(try FileSystem.read(folder.current).starts(with: whole))
  }

  @Test(
    "page by page backwards a long ledger gives each record once, of all VMs and of one, with torn lines within"
  )
  func pages() async throws {
    let folder = try LedgerFolder()
    var lines: [UInt8] = []
    let names = [try VMName.web, try .shopWeb, nil]
    for number in 1...4000 {
      let event = LedgerEvent.message(String(repeating: "words ", count: 20))
      lines += LedgerRecord(seq: number, time: .now, name: names[number % 3]?.full, event: event).line
      if number % 500 == 0 { lines += Array("{\"seq\":\(number / 100)\n".utf8) }
    }
    try folder.write(lines)
    let reader = LedgerReader(folder.files())
    for (subject, expected) in [
      (LedgerQuery.Subject.everyone, Array(1...4000)),
      (.vm(try .web, gaps: true), Array(1...4000).filter { $0 % 3 == 0 }),
    ] {
      var (found, isComplete): ([Int], Bool) = ([], false)
      while !isComplete {
        var query = LedgerQuery(subject, before: found.first ?? .max)
        query.countLimit = 300
        let page = try reader.read(query)
        found = page.records.map(\.seq) + found
        isComplete = page.isComplete
      }
      #expect(found == expected)
    }
  }

  @Test("a file of rubbish alone is said to be torn, and the ledger begins anew")
  func nothingButRubbish() async throws {
    let folder = try LedgerFolder()
    try folder.write([UInt8](repeating: 0, count: 300_000))
    folder.ledger().settle()
    let records = try folder.records()
    #expect(records.map(\.event.kind) == ["gap", "supervisor"])
    guard case .gap(let gap) = records.first?.event else { return }
    #expect(gap.tornBytes == 300_000 && gap.since == nil)
  }

  @Test("rotation keeps every number, and the old files that it is to keep")
  func rotation() throws {
    let folder = try LedgerFolder()
    let files = folder.files(sizeLimit: 1000, keptCount: 3)
    var writer = LedgerWriter(files, after: LedgerTail())
    for seq in 1...100 { try writer.append(LedgerRecord.at(seq, try .web, .message(number: seq)).line) }
    for path in files.newestFirst {
      let size = FileSystem.size(of: path)
      #expect(size <= 1000 && (size > 800 || path == files.current), "\(path): \(size)")
    }
    #expect(try FileSystem.names(in: folder.path).count == 4)
    let numbers = try LedgerReader(files).read(LedgerQuery()).records.map(\.seq)
    #expect(numbers == Array((numbers.first ?? 0)...100) && numbers.count > 20)
    #expect(try LedgerTail.read(files).number == 100)
  }

  @Test("a rotation that was cut short between two renames loses no number")
  func rotationCutShort() async throws {
    let folder = try LedgerFolder()
    let ledger = folder.ledger()
    ledger.append(.message(number: 2))
    ledger.settle()
    try FileSystem.move(folder.current, to: folder.files().old(2))
    folder.ledger().settle()
    #expect(try folder.records().map(\.seq) == [1, 2, 3, 4])
  }

  @Test("a line longer than the limit stands alone in its file")
  func longLine() throws {
    let folder = try LedgerFolder()
    let files = folder.files(sizeLimit: 300)
    var writer = LedgerWriter(files, after: LedgerTail())
    for seq in 1...3 {
      try writer.append(LedgerRecord.at(seq, nil, .message(String(repeating: "x", count: 1000))).line)
    }
    #expect(try LedgerReader(files).read(LedgerQuery()).records.map(\.seq) == [1, 2, 3])
    #expect(FileSystem.size(of: files.current) < 1200)
  }

  @Test("a file that is removed or cut under a running ledger costs what was in it, and no number")
  func otherHands() async throws {
    let folder = try LedgerFolder()
    let ledger = folder.ledger()
    ledger.settle()
    try FileSystem.remove(folder.current)
    ledger.append(.message(number: 2))
    ledger.settle()
    #expect(try folder.records().map(\.seq) == [2])
    let half = FileSystem.size(of: folder.current) / 2
    #expect(truncate(folder.current, off_t(half)) == 0)
    ledger.append(.message(number: 3))
    ledger.settle()
    #expect(try folder.records().map(\.seq) == [3])
  }

  @Test("where nothing can be written records are lost, counted in the next one, and keep the numbers dense")
  func unwritable() async throws {
    let folder = try LedgerFolder()
    // Not even root writes to a folder.
    try FileSystem.makeDirectory(folder.current)
    let ledger = folder.ledger()
    for number in 1...4 { ledger.append(.message(number: number)) }
    ledger.settle()
    try FileSystem.removeTree(folder.current)
    ledger.append(.message(number: 5))
    ledger.append(.message(number: 6))
    ledger.settle()
    let records = try folder.records()
    #expect(records.map(\.seq) == [1, 2])
    #expect(records.map(\.lost) == [5, 0])
    #expect(records.first?.event == .message(number: 5))
  }

  @Test(
    "a full disk loses records and tears none; with room again they go on, counted",
    .enabled(if: getuid() == 0, "only root mounts a small file system"))
  func fullDisk() async throws {
    let folder = try LedgerFolder()
    let disk = folder.path + "/disk"
    try FileSystem.makeDirectory(disk)
    try run("/bin/mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", disk)
    // The ledger still has it open. A test that failed has said so.
    defer { try? run("/bin/umount", "--lazy", disk) }
    let ballast = disk + "/ballast"
    try FileSystem.replace(ballast, with: [UInt8](repeating: 0, count: 4096), durable: false)
    let ledger = Ledger(LedgerFiles(folder: disk), boot: "boot", oomKills: { 0 })
    for number in 1...200 { ledger.append(.message(number: number), of: try .web, isPromise: true) }
    ledger.settle()
    let reader = ledger.reader
    let first = try reader.read(LedgerQuery()).records
    #expect(first.count > 20 && first.count < 190)
    #expect(first.map(\.event) == (1...first.count).map { .message(number: $0) })
    #expect(try FileSystem.read(disk + "/ledger.jsonl").last == UInt8(ascii: "\n"))

    try FileSystem.remove(ballast)
    ledger.append(.message("room again"))
    ledger.settle()
    let last = try #require(try reader.read(LedgerQuery()).records.last)
    #expect(last.event == .message("room again"))
    #expect(last.seq == first.count + 1 && last.lost == 200 - first.count)
  }

  private func run(_ program: String, _ arguments: String...) throws {
    let status: Host.ExitStatus = try ChildProcess(
      ChildProcess.Launch(program: program, arguments: arguments)
    ).wait()
    guard status == .code(0) else { throw SystemError(program, arguments.last, code: EIO) }
  }
}

/// Lines from the last to the first.
@Suite struct BackwardLinesTests {
  @Test(
    "the lines of a file come from its end, with where they begin",
    arguments: [
      ("", 1, ""), ("\n", 1, ""), ("a", 1, ""), ("a\n", 1, "b"), ("a\n", 2, ""), ("\n", 2, "a\n\n"),
      ("line\n", 40_000, ""), ("x", 200_000, "\ny\n"), ("z", 65_535, "\n"), ("z", 65_536, "\n"),
      ("\nz", 1, "\n"), ("\n", 65_536, "end"),
    ])
  func lines(unit: String, count: Int, end: String) throws {
    let text = String(repeating: unit, count: count) + end
    let folder = try LedgerFolder()
    try folder.write(text.utf8)
    let bytes = Array(text.utf8)
    guard var lines = try BackwardLines.open(folder.current) else {
      Issue.record("there is no file")
      return
    }
    var rest = bytes.count
    while let line = try lines.next() {
      let end = rest - (line.isEnded ? 1 : 0)
      #expect(bytes[Int(line.start)..<end].elementsEqual(line.bytes))
      #expect(line.isEnded || rest == bytes.count)
      #expect(!line.bytes.contains(UInt8(ascii: "\n")))
      #expect(line.start == 0 || bytes[Int(line.start) - 1] == UInt8(ascii: "\n"))
      rest = Int(line.start)
    }
    #expect(rest == 0)
  }

  @Test("a file that is not there has no lines")
  func absent() throws {
    let isNil = try BackwardLines.open("/nonexistent/ledger") == nil
    #expect(isNil)
  }
}
