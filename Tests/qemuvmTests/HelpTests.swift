import Testing

@testable import qemuvm

@Suite("Help") struct HelpTests {
  @Test("The program's help has every verb")
  func program() {
    let help = HelpText.program(VerbTable.verbs)
    for verb in VerbTable.verbs {
      #expect(help.contains("\n  \(verb.name) "), "\(verb.name)")
      #expect(help.contains(verb.summary.split(separator: " ")[0]))
    }
  }

  @Test(
    "A verb's help has every option, argument, example and exit code of it",
    arguments: VerbTable.verbs.indices)
  func verb(index: Int) {
    let verb = VerbTable.verbs[index]
    let help = HelpText.verb(verb)
    for option in verb.allOptions.map(\.declaration) {
      let placeholder = option.shownPlaceholder.map { " " + $0 } ?? ""
      #expect(help.contains("\(option.written)\(placeholder)"), "\(option.name)")
    }
    for argument in verb.arguments { #expect(help.contains(argument.written)) }
    for code in verb.exitCodes { #expect(help.contains("  \(code.rawValue)  \(code.meaning)")) }
    #expect(!verb.examples.isEmpty)
    for example in verb.examples { #expect(help.contains("  \(example)\n")) }
    #expect(help.split(separator: "\n").allSatisfy { $0.count <= 100 })
  }

  @Test("The examples are command lines of the verb", arguments: VerbTable.verbs.indices)
  func examples(index: Int) throws {
    let verb = VerbTable.verbs[index]
    for example in verb.examples {
      // What a shell would do with quotes, pipes and redirections is not this program's.
      let command = example.split(separator: "| ").last.map(String.init) ?? example
      let words = command.prefix { $0 != ">" && $0 != "'" }.split(separator: " ").map(String.init)
      guard case .run(let found) = try Invocation(Array(words.dropFirst()), verbs: VerbTable.verbs) else {
        Issue.record("no verb: \(example)")
        continue
      }
      #expect(words.first == "qemuvm")
      #expect(type(of: found).name == verb.name)
    }
  }

  @Test("No two options of a verb have one name", arguments: VerbTable.verbs.indices)
  func names(index: Int) {
    let options = VerbTable.verbs[index].allOptions.map(\.declaration)
    #expect(Set(options.map(\.name)).count == options.count)
    let shorts = options.compactMap(\.short)
    #expect(Set(shorts).count == shorts.count)
  }

  @Test("Text is set in lines of eighty columns")
  func paragraphs() {
    let lines = ParagraphLayout.lines(
      String(repeating: "word ", count: 40), lead: "  --option", indent: 20)
    #expect(lines.count > 1)
    #expect(lines.allSatisfy { $0.count <= 80 })
    #expect(lines[0].hasPrefix("  --option          word"))
    #expect(lines.dropFirst().allSatisfy { $0.hasPrefix(String(repeating: " ", count: 20) + "word") })
    #expect(
      ParagraphLayout.lines("text", lead: "  --long-option", indent: 6) == ["  --long-option", "      text"])
  }
}
