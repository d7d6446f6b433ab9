import JSON
import Testing

@Suite struct LocatedTests {
  @Test("Every value and every key of a file knows where it stands")
  func locates() throws {
    let text = """
      // A lab.
      {
        lab: "shöp", /* é */ size: 2,
      \t"vms": {
          db: { disks: [ "a", {file: null},
            -1.5] },
        },
      }
      """
    let expected = [
      "$ 2:1",
      "lab@3:3 3:8",
      "size@3:24 3:30",
      "vms@4:2 4:9",
      "db@5:5 5:9",
      "disks@5:11 5:18",
      "[0] 5:20",
      "[1] 5:25",
      "file@5:26 5:32",
      "[2] 6:7",
    ]
    for text in [text, text.split(separator: "\n").joined(separator: "\r\n")] {
      #expect(places(in: try LocatedJSON(parsing: text, dialect: .json5)) == expected)
    }
  }

  @Test("The value is the same as the one read without positions")
  func keepsTheValue() throws {
    let text = "{a: [null, true, 1, 18446744073709551615, 0.5, 'x', {}], b: {}}"
    let located = try LocatedJSON(parsing: text, dialect: .json5)
    #expect(located.value == ["a": [nil, true, 1, JSONValue(UInt64.max), 0.5, "x", [:]], "b": [:]])
    #expect(located.value.object?.keys == ["a", "b"])
  }

  /// One line for each value: its key or index, the key's place, the value's place.
  private func places(in value: LocatedJSON, called name: String = "$") -> [String] {
    let own = "\(name) \(value.position)"
    switch value.content {
    case .array(let elements):
      return [own] + elements.enumerated().flatMap { places(in: $1, called: "[\($0)]") }
    case .object(let members):
      return [own] + members.flatMap { places(in: $0.value, called: "\($0.key)@\($0.keyPosition)") }
    default:
      return [own]
    }
  }
}
