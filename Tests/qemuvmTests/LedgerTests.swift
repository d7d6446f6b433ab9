import Control
import Host
import JSON
import Machine
import QMP
import Testing

@testable import qemuvm

@Suite("The ledger for people") struct LedgerTests {
  private static let web = FullName("web", lab: "shop")

  private static func record(_ seq: Int, _ event: LedgerEvent, _ name: FullName? = web, lost: Int = 0)
    -> LedgerRecord
  {
    LedgerRecord(
      seq: seq, time: Timestamp(microseconds: Int64(seq) * 60_000_000), name: name, event: event, lost: lost)
  }

  private static func told(_ record: LedgerRecord) -> QMPEvent { QMPEvent("LEDGER", record.json) }

  @Test(
    "Every kind of record is a sentence",
    arguments: [
      (.wish(verb: "up", by: .user, number: 1), "the user's command: up"),
      (
        .refused(LedgerEvent.RefusalFacts(verb: "start", reason: "no port", advice: [])),
        "cannot start: no port"
      ),
      (.wish(verb: "stop", by: .guest, number: 1), "the guest ended itself: it is wanted no longer"),
      (.spawned(pid: 7, accelerator: "kvm"), "QEMU started as process 7 (kvm)"),
      (.spawned(pid: 7, accelerator: nil), "QEMU started as process 7"),
      (.qmp(event: "SHUTDOWN", data: ["guest": true], count: 1), "QEMU says SHUTDOWN {\"guest\":true}"),
      (
        .qmp(event: "RESET", data: ["guest": true, "reason": "guest-reset"], count: 2),
        "the guest has rebooted, 2 times"
      ),
      (
        .qmp(event: "WATCHDOG", data: ["action": "reset"], count: 1),
        "the guest's watchdog was not fed: reset"
      ),
      (.qmp(event: "RESET", data: [:], count: 812), "QEMU says RESET, 812 times"),
      (.adopted(pid: 7), "taken over by a new supervisor; QEMU is process 7"),
      (.message("a guest's \u{1B}[31m words"), "a guest's \\x1b[31m words"),
      (.removed, "removed from the list"),
      (.other(kind: "dreamt", ["of": "sheep"]), "dreamt {\"of\":\"sheep\"}"),
    ] as [(LedgerEvent, String)])
  func sentences(event: LedgerEvent, sentence: String) {
    #expect(LedgerLine(Self.record(1, event)).sentence == sentence)
  }

  @Test("A state is its word and its cause, the word in the state's colour")
  func states() {
    func line(_ cause: String) -> LedgerLine {
      let json: JSONValue = [
        "seq": 1, "time": "1970-01-01T00:00:00Z", "name": "web", "lab": nil, "event": "state",
        "state": "running",
        "desired": "running", "cause": .string(cause), "ending": nil, "restartCause": nil, "restarts": 0,
      ]
      return LedgerLine((try? LedgerRecord(json: json)) ?? Self.record(1, .removed))
    }
    #expect(line("running").sentence == "running")
    #expect(line("restarted\nafter a failure").sentence == "running: restarted after a failure")
    let colourful = TextStyle(isTerminal: true, environment: ["TERM": "xterm"])
    #expect(line("running").text(colourful).hasSuffix("web         \u{1B}[32mrunning\u{1B}[0m\n"))
  }

  /// The time of a record, in the zone of whoever runs this.
  private static func local(_ number: Int) -> String { record(number, .removed).time.local }

  @Test("A time for a person is in his zone, and says in which: what he pastes is the same time")
  func zones() throws {
    let time = record(7).time
    #expect(Timestamp(rfc3339: time.local) == time)
    #expect(!time.local.contains("T"))
  }

  private func record(_ number: Int) -> LedgerRecord { Self.record(number, .removed) }

  @Test("A line has number, time, VM and what happened, and says what was lost before it")
  func lines() {
    let plain = TextStyle.plain
    #expect(
      LedgerLine(Self.record(7, .removed)).text(plain)
        == "     7  \(Self.local(7))  shop/web    removed from the list\n")
    #expect(
      LedgerLine(Self.record(1_234_567, .message("hi"), nil, lost: 3)).text(plain, withName: false)
        == "1234567  \(Self.local(1_234_567))  hi (3 records before this one could not be written)\n")
  }

  @Test(
    "A start is a number, a time ago, or a date and time",
    arguments: [
      ("0", .number(0)), ("17", .number(17)), ("10m", .ago(.seconds(600))),
      ("1.5s", .ago(.milliseconds(1500))),
      ("1970-01-01T00:00:01Z", .time(Timestamp(microseconds: 1_000_000))),
    ] as [(String, LedgerStart)])
  func starts(text: String, start: LedgerStart) throws {
    #expect(try ValueParser<LedgerStart>.ledgerStart.parse(text) == start)
  }

  @Test("What is no start is refused", arguments: ["", "-1", "+1", "yesterday", "10 m", "2026-11-23"])
  func noStart(text: String) {
    #expect(throws: InvalidValue.self) { _ = try ValueParser<LedgerStart>.ledgerStart.parse(text) }
  }

  @Test("Records from a start on")
  func includes() {
    let record = Self.record(5, .removed)
    let now = Timestamp(microseconds: 10 * 60_000_000)
    #expect(LedgerStart.number(4).includes(record) && !LedgerStart.number(5).includes(record))
    #expect(LedgerStart.ago(.seconds(300)).includes(record, now: now))
    #expect(!LedgerStart.ago(.seconds(299)).includes(record, now: now))
    #expect(LedgerStart.time(record.time).includes(record))
    #expect(!LedgerStart.time(Timestamp(microseconds: record.time.microseconds + 1)).includes(record))
  }

  @Test("What comes by the reply and by an event is shown once, whichever way it came first")
  func once() {
    var view = LedgerView()
    let records = (1...4).map { Self.record($0, .removed) }
    #expect(view.take(LedgerPage(name: nil, records: Array(records.prefix(3)))).map(\.seq) == [1, 2, 3])
    let shown = [records[1], records[2], records[3]].compactMap { view.take(Self.told($0)) }
    #expect(shown.map(\.seq) == [4])
    #expect(view.take(QMPEvent("VM_STATE_CHANGED", records[3].json)) == nil)
  }

  @Test("Of the VMs asked for all is shown, and nothing of others or of the supervisor")
  func filtered() throws {
    var view = LedgerView()
    let names = [FullName("web"), FullName("db")]
    for (index, name) in names.enumerated() {
      #expect(view.take(LedgerPage(name: name, records: [Self.record(index + 1, .removed, name)])).count == 1)
    }
    let events = [names[0], Self.web, nil, names[1]].enumerated().map { Self.record($0 + 3, .removed, $1) }
    #expect(events.compactMap { view.take(Self.told($0)) }.map(\.seq) == [3, 6])
  }

  @Test("An answer tells whose records it has and whether they are all")
  func page() throws {
    let record = Self.record(9, .adopted(pid: 3))
    let page = try LedgerPage(
      json: ["name": "web", "lab": "shop", "events": [.object(record.json)], "complete": false])
    #expect(page.name == Self.web && page.records == [record] && !page.isComplete)
    #expect(try LedgerPage(json: ["name": nil, "lab": nil, "events": [], "complete": true]).name == nil)
  }

  @Test("Why is a verdict first, then what it rests on, without what there is not")
  func why() throws {
    let reply: JSONValue = [
      "name": "web", "lab": nil, "verdict": "web is down and stays down: it failed.",
      "timeline": [.object(Self.record(3, .removed).json)], "qemuLog": ["bad \u{1B}[0m news"], "console": [],
      "advice": ["'qemuvm start web' tries again."],
    ]
    #expect(
      Why.text(try VMDiagnosis(json: reply), .plain) == """
        web is down and stays down: it failed.

        What happened:
               3  \(Self.local(3))  removed from the list

        QEMU's last words:
          bad \\x1b[0m news

        What to do:
          'qemuvm start web' tries again.

        """)
  }
}
