import Testing

@testable import qemuvm

@Suite("The command line's words") struct CommandLineParserTests {
  static let loud = Flag("loud", short: "l", help: "Louder.")
  static let level = ValueOption("level", "N", .number(1...9), help: "How loud.")
  static let word = ValueOption("word", "WORD", .word(["red", "green"]), help: "Which.")
  static let item = ListOption("item", "TEXT", .anyText, help: "What.")

  static func parser(_ arguments: [ArgumentDeclaration] = []) -> CommandLineParser {
    CommandLineParser(
      verb: "shout", arguments: arguments, options: [loud, level, word, item, CommonOptions.help])
  }

  @Test(
    "Options are taken in every form",
    arguments: [
      (["--loud"], true, nil, []),
      (["-l", "--level", "3"], true, 3, []),
      (["--level=3"], false, 3, []),
      (["--item", "-x", "--item=--loud", "--item="], false, nil, ["-x", "--loud", ""]),
      (["--item", "--"], false, nil, ["--"]),
      ([], false, nil, []),
    ] as [([String], Bool, Int?, [String])])
  func forms(line: [String], isLoud: Bool, level: Int?, items: [String]) throws {
    let given = try Self.parser().parse(line)
    #expect(given[Self.loud] == isLoud)
    #expect(given[Self.level] == level)
    #expect(given[Self.item] == items)
    #expect(given.words.isEmpty)
  }

  @Test("Words stand anywhere, and behind -- whatever they look like")
  func words() throws {
    let arguments = [ArgumentDeclaration("VM", .several, help: "VMs.")]
    let given = try Self.parser(arguments).parse(["web", "--loud", "db", "-", "--", "--level"])
    #expect(given.words == ["web", "db", "-", "--level"])
    #expect(given[Self.loud])
  }

  @Test(
    "What cannot be obeyed is refused with its reason",
    arguments: [
      (["--lod"], .unknownOption("--lod", nearest: "--loud")),
      (["--zzzzzz"], .unknownOption("--zzzzzz", nearest: nil)),
      (["-x"], .unknownOption("-x", nearest: nil)),
      (["--lod=3"], .unknownOption("--lod", nearest: "--loud")),
      (["--level"], .valueMissing(option: "--level", placeholder: "N")),
      (["--loud=yes"], .valueUnexpected(option: "--loud")),
      (["--level", "0"], .valueInvalid(of: "--level", text: "0", reason: "is not between 1 and 9")),
      (["--level", "x"], .valueInvalid(of: "--level", text: "x", reason: "is not a whole number")),
      (["--level", "3", "--level", "3"], .givenTwice(option: "--level")),
      (
        ["--word", "gren"],
        .valueInvalid(of: "--word", text: "gren", reason: "is none of red, green; did you mean 'green'?")
      ),
      (["web"], .wordUnexpected("web")),
    ] as [([String], UsageError.Problem)])
  func refusals(line: [String], problem: UsageError.Problem) {
    #expect(throws: UsageError(problem, verb: "shout")) { try Self.parser().parse(line) }
  }

  @Test(
    "The number of words is kept",
    arguments: [
      (.one, [], .wordMissing("VM")),
      (.several, [], .wordMissing("VM")),
      (.one, ["a", "b"], .wordUnexpected("b")),
      (.optional, ["a", "b"], .wordUnexpected("b")),
      (.any, ["a", ""], .valueInvalid(of: "VM", text: "", reason: "is empty")),
    ] as [(ArgumentDeclaration.Count, [String], UsageError.Problem)])
  func counts(count: ArgumentDeclaration.Count, line: [String], problem: UsageError.Problem) {
    let arguments = [ArgumentDeclaration("VM", count, help: "VMs.")]
    #expect(throws: UsageError(problem, verb: "shout")) { try Self.parser(arguments).parse(line) }
  }

  @Test("Help is shown though a word is missing")
  func help() throws {
    let arguments = [ArgumentDeclaration("VM", .one, help: "A VM.")]
    #expect(try Self.parser(arguments).parse(["--help"])[CommonOptions.help])
  }
}
