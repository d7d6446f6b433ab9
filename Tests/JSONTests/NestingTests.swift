import JSON
import Testing

@Suite struct NestingTests {
  @Test("Arrays and objects are read as deep as the limit", arguments: [JSONDialect.json, .json5])
  func readsToTheLimit(_ dialect: JSONDialect) throws {
    let text = String(repeating: #"[{"a":"#, count: 256) + "1" + String(repeating: "}]", count: 256)
    let value = try JSONValue(parsing: text, dialect: dialect)
    #expect(value.description == text)
    #expect(try LocatedJSON(parsing: text, dialect: dialect).value == value)
  }

  @Test("One level more is an error at its bracket", arguments: [JSONDialect.json, .json5])
  func refusesOneMore(_ dialect: JSONDialect) {
    let text = String(repeating: "[", count: 513) + String(repeating: "]", count: 513)
    let error = JSONSyntaxError(.tooDeep(limit: 512), at: JSONPosition(line: 1, column: 513))
    #expect(throws: error) { try JSONValue(parsing: text, dialect: dialect) }
    #expect(throws: error) { try LocatedJSON(parsing: text, dialect: dialect) }
  }

  @Test("A hundred thousand brackets are an error and no crash", arguments: ["[", #"{"":"#, "[{\"a\":"])
  func refusesDepthWithoutEnd(_ opening: String) {
    let text = String(repeating: opening, count: 100_000)
    #expect { try JSONValue(parsing: text) } throws: {
      ($0 as? JSONSyntaxError)?.problem == .tooDeep(limit: 512)
    }
    #expect { try LocatedJSON(parsing: text, dialect: .json5) } throws: {
      ($0 as? JSONSyntaxError)?.problem == .tooDeep(limit: 512)
    }
  }

  @Test("A caller's own limit holds")
  func obeysTheCaller() throws {
    #expect(try JSONValue(parsing: "[[]]", depthLimit: 2) == [[]])
    #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: "[[]]", depthLimit: 1) }
    #expect(try JSONValue(parsing: "7", depthLimit: 0) == 7)
  }
}
