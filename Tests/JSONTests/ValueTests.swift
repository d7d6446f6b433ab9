import JSON
import Testing

@Suite struct ValueTests {
  @Test("An integer takes the one case that holds it")
  func normalises() {
    #expect(isInteger(JSONValue(Int8(-5)), -5))
    #expect(isInteger(JSONValue(UInt64(Int64.max)), .max))
    #expect(isInteger(JSONValue(Int.min), .min))
    guard case .unsigned(let value) = JSONValue(UInt64.max) else {
      Issue.record("UInt64.max is no .unsigned")
      return
    }
    #expect(value == .max)
  }

  @Test("Each accessor gives its own kind and nil for the others")
  func accesses() {
    let all: [JSONValue] = [nil, true, 7, JSONValue(UInt64.max), 1.5, "x", [1], ["k": "v"]]
    #expect(all.map(\.isNull) == [true, false, false, false, false, false, false, false])
    #expect(all.map(\.bool) == [nil, true, nil, nil, nil, nil, nil, nil])
    #expect(all.map(\.int) == [nil, nil, 7, nil, nil, nil, nil, nil])
    #expect(all.map(\.int64) == [nil, nil, 7, nil, nil, nil, nil, nil])
    #expect(all.map(\.uint64) == [nil, nil, 7, .max, nil, nil, nil, nil])
    #expect(all.map(\.double) == [nil, nil, 7, 0x1p64, 1.5, nil, nil, nil])
    #expect(all.map(\.string) == [nil, nil, nil, nil, nil, "x", nil, nil])
    #expect(all.map(\.array) == [nil, nil, nil, nil, nil, nil, [1], nil])
    #expect(all.map(\.object) == [nil, nil, nil, nil, nil, nil, nil, ["k": "v"]])
    #expect(all.map { $0["k"] } == [nil, nil, nil, nil, nil, nil, nil, "v"])
    #expect(JSONValue(-1).uint64 == nil)
    #expect(JSONValue.number(2).int == nil)
  }

  @Test("A member is reached through several levels, and nil where one is missing")
  func reaches() {
    let value: JSONValue = ["return": ["status": "running"]]
    #expect(value["return"]?["status"]?.string == "running")
    #expect(value["return"]?["status"]?["deeper"] == nil)
    #expect(value["error"]?["desc"] == nil)
  }

  @Test("Values of different kinds, and strings of different bytes, are different", arguments: unequal)
  func distinguishes(_ left: JSONValue, _ right: JSONValue) {
    #expect(left != right)
    #expect(right != left)
    #expect(left == left)
  }

  @Test("The same integer is equal in either case")
  func equatesIntegers() {
    #expect(JSONValue.unsigned(5) == .integer(5))
    #expect(JSONValue.integer(5) == .unsigned(5))
    #expect(JSONValue.integer(-1) != .unsigned(.max))
  }

  private func isInteger(_ value: JSONValue, _ expected: Int64) -> Bool {
    if case .integer(let integer) = value { integer == expected } else { false }
  }
}

private let unequal: [(JSONValue, JSONValue)] = [
  (nil, false),
  (false, 0),
  (true, 1),
  (1, 1.0),
  (1, "1"),
  ("", nil),
  ("\u{E9}", "e\u{301}"),
  ([], [:]),
  ([1, 2], [2, 1]),
  ([1], [1, 1]),
  (["a": 1], ["a": 2]),
  (["a": 1], ["b": 1]),
  (["a": 1], ["a": 1, "b": 2]),
  (["\u{E9}": 1], ["e\u{301}": 1]),
]
