import Control
import Host
import JSON
import Machine
import Synchronization
import Testing

@testable import Supervisor

/// The ledger as its writers, readers and listeners see it.
@Suite struct LedgerTests {
  @Test("records of many writers at once get numbers without a hole, each writer's in its order")
  func writersAtOnce() async throws {
    let folder = try LedgerFolder()
    let ledger = folder.ledger()
    await withTaskGroup { group in
      for writer in 0..<8 {
        group.addTask {
          for number in 0..<250 { ledger.append(.spawned(pid: Int32(number), accelerator: "\(writer)")) }
        }
      }
    }
    ledger.settle()
    let records = try folder.records()
    #expect(records.map(\.seq) == Array(1...2001))
    for writer in 0..<8 {
      let own = records.compactMap { record -> Int32? in
        if case .spawned(let pid, "\(writer)") = record.event { pid } else { nil }
      }
      #expect(own == Array(0..<250))
    }
  }

  @Test("who listens is told every record, in order, as it reads from the file")
  func listening() async throws {
    let folder = try LedgerFolder()
    let ledger = Ledger(folder.files(), boot: "boot", oomKills: { nil })
    let told = Mutex<[LedgerRecord]>([])
    ledger.onRecord { record in told.withLock { $0.append(record) } }
    for number in 1...50 { ledger.append(.message(number: number), of: number % 2 == 0 ? try .web : nil) }
    ledger.settle()
    #expect(told.withLock { $0 } == (try folder.records()))
    #expect(told.withLock { $0.count } == 50)
  }

  @Test("what a listener was told is there for who asks afterwards")
  func toldIsWritten() async throws {
    let folder = try LedgerFolder()
    let ledger = Ledger(folder.files(), boot: "boot", oomKills: { nil })
    let missing = Mutex<[Int]>([])
    let reader = ledger.reader
    ledger.onRecord { record in
      let last = try? reader.read(LedgerQuery(since: record.seq - 1)).records.first
      if last != record { missing.withLock { $0.append(record.seq) } }
    }
    for number in 1...50 { ledger.append(.message(number: number)) }
    ledger.settle()
    #expect(missing.withLock { $0 } == [])
  }

  @Test("a reader beside a writer that rotates sees a run of records without hole or double")
  func readingBesideRotation() async throws {
    let folder = try LedgerFolder()
    let files = folder.files(sizeLimit: 4000, keptCount: 3)
    let ledger = Ledger(files, boot: "boot", oomKills: { nil })
    let isWriting = Atomic<Bool>(true)
    async let pages = Task.detached {
      var pages = 0
      while isWriting.load(ordering: .acquiring) || pages == 0 {
        let numbers = try LedgerReader(files).read(LedgerQuery()).records.map(\.seq)
        if let first = numbers.first { #expect(numbers == Array(first..<(first + numbers.count))) }
        pages += 1
      }
      return pages
    }.value
    for number in 1...3000 { ledger.append(.message(number: number)) }
    ledger.settle()
    isWriting.store(false, ordering: .releasing)
    #expect(try await pages > 0)
    #expect(try LedgerReader(files).read(LedgerQuery()).records.last?.seq == 3000)
  }

  @Test("the next supervisor says how long none was there, and how the one before went")
  func gap() async throws {
    let folder = try LedgerFolder()
    let first = folder.ledger()
    first.append(.leaving, why: "asked to", version: "0.1.0", pid: 1)
    first.settle()
    folder.ledger().settle()
    let records = try folder.records()
    #expect(records.map(\.event.kind) == ["supervisor", "supervisor", "gap", "supervisor"])
    guard case .gap(let gap) = records[2].event else { return }
    #expect(gap.wasOrderly && !gap.hasRebooted && gap.since == records[1].time)
    #expect(gap.seconds.map { $0 >= 0 && $0 < 60 } == true)
  }

  @Test("a new ledger has no gap")
  func noGap() async throws {
    let folder = try LedgerFolder()
    folder.ledger().settle()
    #expect(try folder.records().map(\.event.kind) == ["supervisor"])
  }

  @Test(
    "after a loss of power numbers leap over those that may have been told, after an orderly end they do not",
    arguments: [(false, "other"), (true, "other"), (false, "boot")])
  func leap(isOrderly: Bool, boot: String) async throws {
    let folder = try LedgerFolder()
    let first = folder.ledger(boot: "boot")
    if isOrderly { first.append(.leaving, why: "asked to", version: "0.1.0", pid: 1) }
    first.settle()
    let last = try #require(try folder.records().last?.seq)
    folder.ledger(boot: boot).settle()
    let next = try #require(try folder.records().first { $0.seq > last })
    #expect(next.seq == (!isOrderly && boot == "other" ? last + Ledger.rebootLeap : last) + 1)
    guard case .gap(let gap) = next.event else {
      Issue.record("no gap: \(next)")
      return
    }
    #expect(gap.hasRebooted == (boot == "other") && gap.wasOrderly == isOrderly)
  }

  @Test("an end behind which the last supervisor told nothing is found, others are not")
  func untoldEnds() async throws {
    let folder = try LedgerFolder()
    let ledger = folder.ledger()
    let exit = LedgerEvent.exited(
      LedgerEvent.ExitFacts(pid: 7, status: .signal(9), ending: nil, stderr: "", ranSeconds: nil))
    let life = Lifecycle(policy: RestartPolicy(), stopTimeout: .zero)
    let state = LedgerEvent.state(LedgerEvent.StateFacts(life))
    let (web, other, gone) = (try VMName.web, try VMName.shopWeb, try VMName("gone"))
    for name in [web, other, gone] { ledger.append(exit, of: name) }
    ledger.append(state, of: other)
    ledger.append(.removed, of: gone)
    ledger.append(.message("whatever"), of: web)
    await ledger.catchUp()
    let names: Set = [web.full, other.full, gone.full]
    #expect(try ledger.reader.lastLives(of: names).filter { $0.value.isEndUntold }.map(\.key) == [web.full])
    ledger.append(state, of: web)
    await ledger.catchUp()
    #expect(try !ledger.reader.lastLives(of: names).values.contains { $0.isEndUntold })
  }

  @Test("how a VM's last QEMU is left is found, also when an earlier one had its PID")
  func lastLives() async throws {
    let folder = try LedgerFolder()
    let ledger = folder.ledger()
    let facts = LedgerEvent.ExitFacts(pid: 7, status: .code(1), ending: nil, stderr: "", ranSeconds: nil)
    let (web, other, gone) = (try VMName.web, try VMName.shopWeb, try VMName("gone"))
    for name in [web, other] {
      ledger.append(.spawned(pid: 7, accelerator: nil), of: name)
      ledger.append(.exited(facts), of: name)
    }
    ledger.append(.adopted(pid: 7), of: other)
    ledger.append(.message("whatever"), of: gone)
    await ledger.catchUp()
    let lives = try ledger.reader.lastLives(of: [web.full, other.full, gone.full])
    #expect(lives[web.full]?.qemu == .ended(facts) && lives[other.full]?.qemu == .began(pid: 7))
    #expect(lives[gone.full]?.qemu == nil)
  }

  @Test("the ends of a whole fleet at once are found, and no more is read than that takes")
  func manyLives() async throws {
    let folder = try LedgerFolder()
    let ledger = folder.ledger()
    let facts = LedgerEvent.ExitFacts(pid: 7, status: .signal(9), ending: nil, stderr: "", ranSeconds: nil)
    let names = try (0..<300).map { try VMName("vm\($0)") }
    for name in names {
      ledger.append(.exited(facts), of: name)
      ledger.append(.message("whatever"), of: name)
    }
    await ledger.catchUp()
    let lives = try ledger.reader.lastLives(of: Set(names.map(\.full)))
    #expect(lives.values.filter { $0.isEndUntold }.count == names.count)
    // One that has no record is not looked for without end.
    let none = try VMName("none")
    #expect(try ledger.reader.lastLives(of: [none.full])[none.full] == nil)
  }

  @Test("a ledger that does not say in which boot it was written tells of no reboot")
  func unknownBoot() throws {
    let folder = try LedgerFolder()
    try folder.write(LedgerRecord.at(7, nil, .message(number: 1)).line)
    folder.ledger().settle()
    guard case .gap(let gap) = try #require(try folder.records().dropFirst().first).event else {
      Issue.record("no gap: \(try folder.records())")
      return
    }
    #expect(!gap.hasRebooted)
  }

  @Test("an end by signal 9 tells what the kernel killed since the last start, other ends do not")
  func oomKills() async throws {
    let folder = try LedgerFolder()
    let count = Atomic<Int>(5)
    let ledger = folder.ledger { count.load(ordering: .relaxed) }
    func exit(_ status: Host.ExitStatus) -> LedgerEvent {
      .exited(
        LedgerEvent.ExitFacts(pid: 1, status: status, ending: nil, stderr: "", ranSeconds: nil, oomKills: nil)
      )
    }
    ledger.append(exit(.signal(9)))
    ledger.settle()
    count.store(7, ordering: .relaxed)
    ledger.append(.spawned(pid: 1, accelerator: nil))
    ledger.settle()
    count.store(8, ordering: .relaxed)
    ledger.append(exit(.code(1)))
    ledger.append(exit(.signal(9)))
    ledger.settle()
    let kills = try folder.records().compactMap { record -> Int?? in
      if case .exited(let facts) = record.event { facts.oomKills } else { nil }
    }
    #expect(kills == [0, nil, 1])
  }
}

/// What is asked of the ledger.
@Suite struct LedgerQueryTests {
  private func reader(_ folder: LedgerFolder, sizeLimit: Int64 = 2000) throws -> LedgerReader {
    let files = folder.files(sizeLimit: sizeLimit)
    var writer = LedgerWriter(files, after: LedgerTail())
    for seq in 1...30 {
      let name: VMName? = [nil, try .web, try .shopWeb][seq % 3]
      let gap = LedgerEvent.GapFacts(
        since: nil, seconds: nil, wasOrderly: true, hasRebooted: false, tornBytes: 0)
      try writer.append(LedgerRecord.at(seq, name, name == nil ? .gap(gap) : .message(number: seq)).line)
    }
    return LedgerReader(files)
  }

  @Test("records behind a number are those with higher ones", arguments: [0, 1, 17, 29, 30, 31, 1 << 60])
  func since(number: Int) throws {
    let folder = try LedgerFolder()
    let page = try reader(folder).read(LedgerQuery(since: number))
    #expect(page.records.map(\.seq) == Array(1...30).filter { $0 > number })
    #expect(page.isComplete)
  }

  @Test("a VM's records are its own, without those of a namesake in a lab, with gaps where they are wanted")
  func subject() throws {
    let folder = try LedgerFolder()
    let reader = try reader(folder)
    let web = try reader.read(LedgerQuery(.vm(try .web, gaps: false))).records
    #expect(web.map(\.seq) == Array(1...30).filter { $0 % 3 == 1 })
    let shop = try reader.read(LedgerQuery(.vm(try .shopWeb, gaps: true), since: 20)).records
    #expect(shop.map(\.seq) == Array(21...30).filter { $0 % 3 != 1 })
    #expect(try reader.names(bearing: "web") == [try VMName.web.full, try VMName.shopWeb.full])
    #expect(try reader.names(bearing: "db").isEmpty)
  }

  @Test("of too many records the youngest are given, and it is said", arguments: [1, 5, 29, 30, 31])
  func limit(count: Int) throws {
    let folder = try LedgerFolder()
    var query = LedgerQuery()
    query.countLimit = count
    let page = try reader(folder).read(query)
    #expect(page.records.map(\.seq) == Array(1...30).suffix(count))
    #expect(page.isComplete == (count >= 30))
  }

  @Test("page by page back from the youngest everything is read", arguments: [1, 7, 30])
  func pages(count: Int) throws {
    let folder = try LedgerFolder()
    let reader = try reader(folder)
    var query = LedgerQuery(since: 3)
    query.countLimit = count
    var (numbers, isComplete) = ([Int](), false)
    for _ in 1...30 where !isComplete {
      let page = try reader.read(query)
      numbers = page.records.map(\.seq) + numbers
      query.before = try #require(numbers.first)
      isComplete = page.isComplete
    }
    #expect(numbers == Array(4...30))
  }

  @Test("a record longer than an answer may be is one all the same")
  func longRecord() throws {
    let folder = try LedgerFolder()
    var query = LedgerQuery()
    query.byteLimit = 10
    let page = try reader(folder).read(query)
    #expect(page.records.map(\.seq) == [30] && !page.isComplete)
  }

  @Test("an answer stays below its limit in bytes")
  func bytes() throws {
    let folder = try LedgerFolder()
    var query = LedgerQuery()
    query.byteLimit = 1000
    let page = try reader(folder).read(query)
    let size = page.records.reduce(0) { $0 + $1.line.count - 1 }
    #expect(size <= 1000 && size > 700 && !page.isComplete)
    #expect(page.records.last?.seq == 30)
  }

  @Test("there is nothing to read before anything is written")
  func empty() throws {
    let page = try LedgerReader(LedgerFiles(folder: "/nonexistent")).read(LedgerQuery())
    #expect(page.records.isEmpty && page.isComplete)
  }
}

/// What a VM tells once and what again.
@Suite struct LedgerNotesTests {
  @Test("a storm of events is told ever more rarely with its number, and what is left at the end")
  func storm() {
    var notes = LedgerNotes()
    var now = Instant(nanoseconds: 0)
    var told: [Int] = []
    for _ in 0..<8000 {
      if let count = notes.count("RESET", at: now) { told.append(count) }
      now = now + .milliseconds(1)
    }
    #expect(told == [1, 1000, 2000, 4000])
    let untold = notes.takeUntold()
    #expect(untold.map(\.name) == ["RESET"] && untold.map(\.count) == [999])
    let nothing = notes.takeUntold()
    #expect(nothing.isEmpty)
    let first = notes.count("RESET", at: now)
    #expect(first == 1)
  }

  @Test("a storm of a year takes a record a minute, and one that is over is soon told at once again")
  func longStorm() {
    var notes = LedgerNotes()
    var now = Instant(nanoseconds: 0)
    var told = 0
    for _ in 0..<100_000 {
      if notes.count("WATCHDOG", 1000, at: now) != nil { told += 1 }
      now = now + .seconds(1)
    }
    #expect(told < 100_000 / 60)
    var late: [Int?] = []
    for _ in 0..<9 {
      now = now + .seconds(100)
      late.append(notes.count("WATCHDOG", at: now))
    }
    #expect(late.dropFirst() == [1, 1, 1, 1, 1, 1, 1, 1])
    now = now + .seconds(2)
    let soon = notes.count("WATCHDOG", at: now)
    #expect(soon == 1)
  }

  @Test("the state in which a storm ends is told when its turn comes, and nothing is awaited then")
  func lastState() {
    var notes = LedgerNotes()
    let now = Instant(nanoseconds: 0)
    var last = VMState.stopped
    for number in 0..<500 {
      let state = number.isMultiple(of: 2) ? VMState.running : .paused
      if notes.isNews(Self.facts(state), at: now) { last = state }
    }
    let end = last == .running ? VMState.paused : .running
    let isTooSoon = notes.isNews(Self.facts(end), at: now)
    #expect(!isTooSoon)
    guard let due = notes.due else {
      Issue.record("nothing is awaited")
      return
    }
    let isTold = notes.isNews(Self.facts(end), at: due)
    #expect(isTold && notes.due == nil)
  }

  @Test(
    "a guest that is paused and goes on all the time leaves room in the ledger, and no end of it is left out")
  func flapping() {
    var notes = LedgerNotes()
    var now = Instant(nanoseconds: 0)
    var told = 0
    for number in 0..<86_400 {
      let facts = Self.facts(number.isMultiple(of: 2) ? .running : .paused)
      if notes.isNews(facts, at: now) { told += 1 }
      now = now + .seconds(1)
    }
    #expect(told < 10_000)
    let end = notes.isNews(Self.facts(.stopped), at: now)
    #expect(end)
  }

  private static func facts(_ state: VMState) -> LedgerEvent.StateFacts {
    LedgerEvent.StateFacts(
      state: state, desired: .running, cause: "\(state)", pause: nil, ending: nil, restartCause: nil,
      restarts: 0)
  }

  @Test("one kind of event does not keep another from being told")
  func kinds() {
    var notes = LedgerNotes()
    let now = Instant(nanoseconds: 0)
    let counts = ["RESET", "BLOCK_IO_ERROR", "RESET"].map { notes.count($0, at: now) }
    #expect(counts == [1, 1, nil])
  }

  @Test("a state is told when anything in it changes")
  func states() {
    var notes = LedgerNotes()
    var facts = LedgerEvent.StateFacts(
      state: .running, desired: .running, cause: "running", pause: nil, ending: nil, restartCause: nil,
      restarts: 0)
    let now = Instant(nanoseconds: 0)
    var news = [notes.isNews(facts, at: now), notes.isNews(facts, at: now)]
    facts.cause = "running; taken over"
    news += [notes.isNews(facts, at: now), notes.isNews(facts, at: now)]
    #expect(news == [true, false, true, false])
  }
}
