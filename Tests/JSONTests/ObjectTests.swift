import JSON
import Testing

/// Each test runs with few members, which are looked at one by one, and with many, which are indexed.
@Suite struct ObjectTests {
  @Test("Members keep the order in which they came", arguments: [3, 16, 17, 200])
  func keepsOrder(_ count: Int) throws {
    let keys = (0..<count).map { "key\(($0 * 7919) % 1000)" }
    let text = "{" + keys.map { "\"\($0)\":null" }.joined(separator: ",") + "}"
    let object = try #require(JSONValue(parsing: text).object)
    #expect(object.keys == keys)
    #expect(object.map(\.key) == keys)
    #expect(object.count == count)
    #expect(object.description == text)
  }

  @Test("Setting replaces in place, appends what is new and removes with nil", arguments: [3, 16, 17, 200])
  func sets(_ count: Int) {
    var object = JSONObject((0..<count).map { ("\($0)", JSONValue($0)) })
    object["1"] = "one"
    #expect(object.keys.prefix(3) == ["0", "1", "2"])
    #expect(object["1"] == "one")
    object["new"] = .null
    #expect(object.keys.last == "new")
    #expect(object["new"] == JSONValue.null)
    object["0"] = nil
    #expect(object.keys.first == "1")
    #expect(object["0"] == nil)
    #expect(object["2"] == 2)
    #expect(object["new"] == JSONValue.null)
    object["absent"] = nil
    #expect(object.count == count)
    for key in object.keys { object[key] = nil }
    #expect(object.isEmpty)
    object["again"] = 1
    #expect(object["again"] == 1)
  }

  @Test("A copy is its own", arguments: [3, 200])
  func copies(_ count: Int) {
    let original = JSONObject((0..<count).map { ("\($0)", JSONValue($0)) })
    var copy = original
    copy["0"] = "changed"
    copy["more"] = true
    #expect(original["0"] == 0)
    #expect(original["more"] == nil)
  }

  @Test("The order is no part of equality", arguments: [3, 16, 17, 200])
  func equates(_ count: Int) {
    let members = (0..<count).map { ("\($0)", JSONValue($0)) }
    let object = JSONObject(members)
    #expect(object == JSONObject(members.reversed()))
    #expect(object != JSONObject(members.dropLast()))
    #expect(object != JSONObject(members.dropLast() + [("other", 1)]))
  }

  @Test("A key that is there twice is refused among many as among few", arguments: [1, 15, 16, 17, 500])
  func refusesDuplicates(_ count: Int) {
    let members = (0..<count).map { "\"\($0)\":\($0)" }.joined(separator: ",")
    for key in [0, count / 2, count - 1] {
      let text = "{\(members),\"\(key)\":0}"
      let expected = JSONSyntaxError.Problem.duplicateKey("\(key)")
      #expect { try JSONValue(parsing: text) } throws: { ($0 as? JSONSyntaxError)?.problem == expected }
      #expect { try LocatedJSON(parsing: text) } throws: { ($0 as? JSONSyntaxError)?.problem == expected }
    }
  }

  @Test("Keys that only look alike are two keys", arguments: [0, 100])
  func tellsBytesApart(_ others: Int) throws {
    let filler = (0..<others).map { "\"\($0)\":0," }.joined()
    let text = "{\(filler)\"\u{E9}\":1,\"e\u{301}\":2}"
    let object = try #require(JSONValue(parsing: text).object)
    #expect(object["\u{E9}"] == 1)
    #expect(object["e\u{301}"] == 2)
    #expect(object.count == others + 2)
    #expect(try LocatedJSON(parsing: text).value == .object(object))
  }

  @Test("Of members with one key the last value stays, at the first one's place")
  func mergesLiterals() {
    let object = JSONObject([("a", 1), ("b", 2), ("a", 3)])
    #expect(object.description == #"{"a":3,"b":2}"#)
  }
}
