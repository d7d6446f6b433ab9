import Control
import Host
import JSON
import Machine
import Testing

@testable import Supervisor

/// Records as lines: each kind there and back, and what is no record.
@Suite struct LedgerRecordTests {
  static let events: [LedgerEvent] = [
    .wish(verb: "up", by: .user, number: 3),
    .wish(verb: "stop", by: .guest, number: 4),
    .state(
      LedgerEvent.StateFacts(
        state: .backoff, desired: .running, cause: "QEMU was killed", pause: nil, ending: .died,
        restartCause: "QEMU was killed",
        restarts: 2)),
    .state(
      LedgerEvent.StateFacts(
        state: .running, desired: .running, cause: "running", pause: nil, ending: nil, restartCause: nil,
        restarts: 0)),
    .spawned(pid: 42, accelerator: "kvm"),
    .spawned(pid: 42, accelerator: nil),
    .exited(
      LedgerEvent.ExitFacts(
        pid: 42, status: .signal(9), ending: nil, stderr: "", ranSeconds: 1.5, oomKills: 1)),
    .exited(
      LedgerEvent.ExitFacts(
        pid: 42, status: .code(0), ending: .poweredOff, stderr: "wo\nrds \"quoted\"", ranSeconds: nil,
        oomKills: nil)),
    .exited(
      LedgerEvent.ExitFacts(
        pid: 42, status: .unknown, ending: nil, stderr: "", ranSeconds: nil, oomKills: nil)),
    .qmp(event: "RESET", data: ["guest": true, "reason": "guest-reset"], count: 812),
    .supervisor(
      LedgerEvent.SupervisorFacts(action: .started, why: nil, version: "0.1.0", pid: 7, boot: "b")),
    .supervisor(
      LedgerEvent.SupervisorFacts(action: .leaving, why: "no VM runs", version: "0.1.0", pid: 7, boot: "b")),
    .adopted(pid: 42),
    .helper(
      LedgerEvent.HelperFacts(helper: "switch", network: "b", action: .failed, pid: nil, words: "no disk")),
    .helper(LedgerEvent.HelperFacts(helper: "switch", network: "backend", action: .started, pid: 43)),
    .helper(LedgerEvent.HelperFacts(helper: "tpm", network: nil, action: .adopted, pid: 44)),
    .helper(
      LedgerEvent.HelperFacts(
        helper: "switch", network: "backend", action: .ended, pid: 43, status: .signal(9), words: "last",
        isWished: true)),
    .gap(
      LedgerEvent.GapFacts(
        since: Timestamp(microseconds: 1_000_000), seconds: 2.5, wasOrderly: true, hasRebooted: false,
        tornBytes: 17)),
    .gap(LedgerEvent.GapFacts(since: nil, seconds: nil, wasOrderly: false, hasRebooted: true, tornBytes: 0)),
    .message("said"),
    .removed,
    .other(kind: "dreamt", ["of": "sheep"]),
  ]

  @Test("a record read back is the record that was written", arguments: events)
  func roundTrip(event: LedgerEvent) throws {
    for name in [nil, try VMName.web.full, try VMName.shopWeb.full] {
      let record = LedgerRecord(
        seq: 12, time: Timestamp(microseconds: 1_700_000_000_123_000), name: name, event: event, lost: 3)
      #expect(LedgerRecord(line: record.line.dropLast()) == record)
      #expect(record.line.last == UInt8(ascii: "\n") && !record.line.dropLast().contains(UInt8(ascii: "\n")))
    }
  }

  @Test("a record's line has the members that are promised, an absent value null")
  func members() throws {
    let record = LedgerRecord(
      seq: 7, time: Timestamp(microseconds: 1_000), name: try VMName.shopWeb.full,
      event: .spawned(pid: 5, accelerator: nil))
    let line = String(decoding: record.line, as: UTF8.self)
    #expect(
      line == """
        {"seq":7,"time":"1970-01-01T00:00:00.001Z","name":"web","lab":"shop","event":"spawned","pid":5,\
        "accelerator":null}

        """)
  }

  @Test("facts of a known kind that cannot be read are kept as they are")
  func unreadable() throws {
    let text =
      #"{"seq":1,"time":"1970-01-01T00:00:00Z","name":null,"lab":null,"event":"spawned","pid":"five"}"#
    let record = try #require(LedgerRecord(line: text.utf8))
    #expect(record.event == .other(kind: "spawned", ["pid": "five"]))
  }

  @Test(
    "what is no record is none",
    arguments: [
      "", "{", "[]", "null", "{}", "\u{0}\u{0}",
      #"{"seq":-1,"time":"1970-01-01T00:00:00Z","event":"removed"}"#,
      #"{"seq":9007199254740993,"time":"1970-01-01T00:00:00Z","event":"removed"}"#,
      #"{"seq":1,"time":"yesterday","event":"removed"}"#,
      #"{"seq":1,"time":"1970-01-01T00:00:00Z"}"#,
      #"{"seq":1,"time":"1970-01-01T00:00:00Z","name":"../x","event":"removed"}"#,
    ])
  func noRecord(text: String) {
    #expect(LedgerRecord(line: text.utf8) == nil)
  }

  @Test("every ending has its word, and a word means one ending")
  func endings() {
    let endings: [Ending] = [
      .wished, .killed, .poweredOff, .resetItself, .panicked, .watchdog("pause"), .bootLoop(9), .hung("x"),
      .internalError,
      .endedFromOutside("host-signal"), .died(.code(1)), .refused("x"), .monitorTimedOut(1), .vanished,
      .helperEnded("x"), .hostRebooted, .cutOff,
    ]
    #expect(Set(endings.map { EndingKind($0) }) == Set(EndingKind.allCases))
  }
}

/// Times of RFC 3339.
@Suite struct RFC3339Tests {
  @Test(
    "a time is read in any zone, to the microsecond",
    arguments: [
      ("1970-01-01T00:00:00Z", 0 as Int64), ("1970-01-01t00:00:01z", 1_000_000),
      ("1970-01-01 00:00:01.5Z", 1_500_000), ("1970-01-01T00:00:00.0000019Z", 1),
      ("1970-01-01T01:00:00+01:00", 0), ("1969-12-31T23:30:00-00:30", 0),
      ("2026-11-23T06:40:08.123Z", 1_795_416_008_123_000), ("2024-02-29T00:00:00Z", 1_709_164_800_000_000),
      ("1969-12-31T23:59:59Z", -1_000_000),
    ])
  func read(text: String, microseconds: Int64) {
    #expect(Timestamp(rfc3339: text)?.microseconds == microseconds)
  }

  @Test("a time reads back as it is written")
  func roundTrip() {
    for microseconds in [0, 1_000, 1_795_416_008_123_000, 4_102_444_800_000_000] as [Int64] {
      let time = Timestamp(microseconds: microseconds)
      #expect(Timestamp(rfc3339: time.rfc3339) == time)
    }
  }

  @Test(
    "what is no time of RFC 3339 is none",
    arguments: [
      "", "now", "2026-11-23", "2026-11-23T06:40:08", "2026-11-23T06:40Z", "2026-13-01T00:00:00Z",
      "2026-02-30T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T06:60:00Z", "2026-11-23T06:40:08.Z",
      "2026-11-23T06:40:08Z ", "2026-11-23T06:40:08+0100", "2026-11-23T06:40:08+24:00",
      "+026-11-23T06:40:08Z",
      "２０２６-11-23T06:40:08Z", "2026-11-23T06:40:61Z",
    ])
  func refused(text: String) {
    #expect(Timestamp(rfc3339: text) == nil)
  }
}
