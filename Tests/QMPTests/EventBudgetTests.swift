import Host
import JSON
import Testing

@testable import QMP

@Suite("The budget of a server's events")
struct EventBudgetTests {
  private let start = Instant(nanoseconds: 0)

  private func admits(
    _ budget: inout EventBudget, _ name: String, _ line: String = "", length: Int? = nil, at now: Instant
  ) -> Bool {
    let (name, line) = (Array(name.utf8), Array(line.utf8))
    return name.withUnsafeBytes { name in
      line.withUnsafeBytes { budget.admits(name, $0, length: length ?? line.count, at: now) }
    }
  }

  @Test("tells a burst of a storm, then the last with the number of all, and each name for itself")
  func storm() {
    var budget = EventBudget()
    var told = 0
    for number in 1...100_000 where admits(&budget, "RESET", "reset \(number)", at: start) { told += 1 }
    #expect(told == EventBudget.burst)
    let other = admits(&budget, "SHUTDOWN", at: start)
    #expect(other)
    #expect(budget.nextDue == start + EventBudget.gap)
    let early = budget.takeDue(at: start)
    #expect(early.isEmpty)
    let due = budget.takeDue(at: start + EventBudget.gap)
    #expect(due.map(\.count) == [100_000 - EventBudget.burst])
    #expect(due.first.map { String(decoding: $0.line, as: UTF8.self) } == "reset 100000")
    #expect(budget.nextDue == nil)
    let next = admits(&budget, "RESET", at: start + EventBudget.gap)
    #expect(!next)
  }

  @Test("gives what waits in the order in which it came, and of STOP and RESUME the later one")
  func order() {
    var budget = EventBudget()
    for _ in 0..<EventBudget.burst {
      for name in ["STOP", "WATCHDOG"] { _ = admits(&budget, name, at: start) }
    }
    for name in ["STOP", "WATCHDOG", "RESUME", "STOP", "RESUME"] {
      let told = admits(&budget, name, name, at: start)
      #expect(!told)
    }
    let rest = budget.takeAll()
    #expect(rest.map { String(decoding: $0.line, as: UTF8.self) } == ["WATCHDOG", "RESUME"])
    #expect(rest.map(\.count) == [1, 4])
    #expect(budget.nextDue == nil)
  }

  @Test("holds no more than its size for any number of names, and counts long ones for more")
  func bounds() {
    var budget = EventBudget()
    var told = 0
    for number in 0..<10_000 where admits(&budget, "NAME_\(number)", at: start) { told += 1 }
    #expect(told <= (EventBudget.mostNames + 1) * EventBudget.burst)
    #expect(budget.takeAll().count == 1)
    let long = String(repeating: "x", count: 20_000)
    var longTold = 0
    for _ in 0..<100 where admits(&budget, "NAME_1", long, at: start) { longTold += 1 }
    #expect(longTold <= 2)
    let held = budget.takeAll()
    #expect(held.map(\.length) == [20_000])
    #expect(held.allSatisfy { $0.line.count <= 512 })
  }
}

@Suite("What a server's line is, by its beginning")
struct LineKindTests {
  @Test(
    "is seen whatever the order and the spaces",
    arguments: [
      (#"{"timestamp": {"seconds": 1795826411, "microseconds": 834710}, "event": "RESUME"}"#, "RESUME"),
      (
        #"{"timestamp": {"seconds": 1795826411, "microseconds": 8}, "event": "RESET", "data": {"a": 1}}"#,
        "RESET"
      ),
      (#"{"event":"X","timestamp":{"seconds":1,"microseconds":2}}"#, "X"),
      (#"  { "data" : {"a": ["}", {"event": "Y"}]} , "event" : "X" }"#, "X"),
      (#"{"return": {"event": "X"}, "id": 1}"#, "reply"), (#"{"id": 2, "error": {}}"#, "reply"),
      (#"{"error": {}}"#, "reply"), (#"{"QMP": {}}"#, "other"), (#"["event", "X"]"#, "other"), ("", "other"),
      (#"{"event": 1}"#, "unnamed"), (#"{"data": {}"#, "unnamed"), (#"{"x": {"event": "X"}}"#, "other"),
      (#"{"data": ""# + String(repeating: "x", count: 600) + #"", "event": "X"}"#, "unnamed"),
    ])
  func kinds(line: String, expected: String) {
    let bytes = Array(line.utf8)
    let seen = bytes.withUnsafeBytes { text in
      switch QMPLineKind(text) {
      case .event(let name): String(decoding: text[name], as: UTF8.self)
      case .unnamedEvent: "unnamed"
      case .reply: "reply"
      case .other: "other"
      }
    }
    #expect(seen == expected)
  }

  @Test("is seen in every prefix of a line without a step beyond its end")
  func prefixes() {
    let line = Array(
      #"{"timestamp": {"seconds": 1795826411, "microseconds": 8}, "event": "RESET", "data": {"a\"": "\\"}}"#
        .utf8)
    for end in 0...line.count {
      // A copy of its own, so that what is beyond its end is nothing of ours.
      let kind = Array(line[..<end]).withUnsafeBytes { QMPLineKind($0) }
      if end > 75 { #expect(kind == .event(name: 68..<73)) }
    }
  }
}
