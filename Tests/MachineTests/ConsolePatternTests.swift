import Glibc
import Machine
import Testing

/// What a console's pattern may be, and what it finds.
@Suite("A console's pattern")
struct ConsolePatternTests {
  @Test(
    "is refused when it takes more than a bounded amount of work",
    arguments: [
      (#"(.*)\1\1X"#, #"'\1' refers back to a group, which is not supported"#),
      (
        "((a{1,100}){1,100}){1,100}",
        "with its repetitions written out it has more than 1000 parts"
      ),
      ("(((((){255}){255}){255}){255}){255}", "with its repetitions written out it has more than 1000 parts"),
      (String(repeating: "(", count: 20_000), "it has 20000 bytes, 1000 at most"),
      (
        String(repeating: "(", count: 400) + String(repeating: ")", count: 400),
        "more than 50 groups or repetitions stand inside each other"
      ),
      (
        "a" + String(repeating: "*", count: 400), "more than 50 groups or repetitions stand inside each other"
      ),
    ])
  func bounds(_ pattern: String, _ why: String) {
    let error = #expect(throws: ConsolePattern.Invalid.self) { try ConsolePattern(pattern) }
    #expect(error?.description == why)
  }

  @Test(
    "is refused in words when it is none",
    arguments: [
      ("(", "a '(' is not closed"), ("[a", "a '[' is not closed"),
      ("[[:digits:]]", "'[:digits:]' is no class of characters"),
      ("[z-a]", "a range in '[…]' ends before it begins"), ("a\\", #"it ends with a '\'"#),
      ("*a", #"there is nothing before a '*' to repeat; '\*' is the character"#),
      ("a{2,1}", "an interval is '{2}', '{2,}' or '{2,5}', up to 255"),
      ("a{999}", "an interval is '{2}', '{2,}' or '{2,5}', up to 255"),
      (#"\d+"#, #"'\d' has no meaning in regex(7)"#), ("^*", "'^' and '$' cannot be repeated"),
    ])
  func words(_ pattern: String, _ why: String) {
    let error = #expect(throws: ConsolePattern.Invalid.self) { try ConsolePattern(pattern) }
    #expect(error?.description == why)
  }

  @Test(
    "finds what the field's expressions say",
    arguments: [
      ("login: *$", "web login: ", true), ("login: *$", "login: root", false), ("^ready$", "ready", true),
      ("^ready$", "not ready", false), ("[[:digit:]]+%", "at 50%", true),
      (#"\[ *OK *\]"#, "[  OK  ] done", true),
      ("(up|started) in [0-9.]+s", "started in 1.5s", true), ("a{2,3}b", "xaab", true),
      ("a{2,3}b", "xab", false),
      (#"\w+@\w+:~[#$]"#, "root@web:~#", true), ("x*", "any", true), ("^", "any", true), ("$", "any", true),
      ("ü", "grün", true), ("(a|^b)c", "bc", true), ("(a|^b)c", "xbc", false), ("[]a-]x", "]x", true),
    ])
  func examples(_ pattern: String, _ line: String, _ isFound: Bool) throws {
    let pattern = try ConsolePattern(pattern)
    #expect(Self.isFound(pattern, Array(line.utf8)) == isFound)
  }

  @Test("is found where the C library finds it, for patterns and lines drawn at random")
  func asTheSystem() throws {
    var dice = SystemRandomNumberGenerator()
    var compared = 0
    for _ in 0..<3000 {
      let text = Self.random("ab()|*+?{}[]^$.-,12", 1...8, &dice)
      guard let pattern = try? ConsolePattern(text), let system = SystemPattern(text) else { continue }
      for _ in 0..<4 {
        let line = Self.random("ab-", 1...6, &dice)
        compared += 1
        #expect(
          Self.isFound(pattern, Array(line.utf8)) == system.isFound(in: line), "\(text) in \(line)")
      }
    }
    #expect(compared > 500)
  }

  private static func isFound(_ pattern: ConsolePattern, _ line: [UInt8]) -> Bool {
    var matcher = pattern.matcher
    for byte in line where matcher.take(byte) { return true }
    return matcher.showsAtEnd
  }

  private static func random(
    _ alphabet: String, _ length: ClosedRange<Int>, _ dice: inout some RandomNumberGenerator
  ) -> String {
    let signs = Array(alphabet)
    return String(
      (0..<Int.random(in: length, using: &dice)).map { _ in
        signs[Int.random(in: 0..<signs.count, using: &dice)]
      })
  }
}

/// The C library's own matcher; corresponds to regcomp(3).
private final class SystemPattern {
  private var expression = regex_t()

  init?(_ text: String) {
    guard regcomp(&expression, text, REG_EXTENDED | REG_NOSUB) == 0 else { return nil }
  }

  deinit { regfree(&expression) }

  func isFound(in line: String) -> Bool { regexec(&expression, line, 0, nil, 0) == 0 }
}
