import Testing

/// What follows in every state from every input, as text that a person reads: a complete table.
///
/// A line `== STATE` opens a state; in it stands `nothing: INPUT INPUT` for what changes nothing, and
/// `INPUT INPUT -> STATE: EFFECT, EFFECT` for what does. An input is one word.
struct TransitionTable {
  private var cells: [String: [String: String]] = [:]
  private var faults: [String] = []

  init(_ text: String) {
    var state = ""
    for line in text.split(separator: "\n") {
      if line.hasPrefix("== ") {
        state = String(line.dropFirst(3))
        continue
      }
      let inputs: Substring
      let outcome: String
      if line.hasPrefix("nothing: ") {
        (inputs, outcome) = (line.dropFirst("nothing: ".count), "nothing")
      } else if let arrow = line.firstRange(of: " -> ") {
        (inputs, outcome) = (line[..<arrow.lowerBound], String(line[arrow.upperBound...]))
      } else {
        faults.append("no cell: \(line)")
        continue
      }
      for input in inputs.split(separator: " ") {
        if cells[state]?[String(input)] != nil { faults.append("two cells: \(state), \(input)") }
        cells[state, default: [:]][String(input)] = outcome
      }
    }
  }

  /// Checks that there is a cell for each state and input, none for another, and that each tells what follows.
  func check(
    states: [String], inputs: [String], _ outcome: (_ state: String, _ input: String) -> String
  ) {
    var (rest, isWrong) = (cells, !faults.isEmpty)
    for fault in faults { Issue.record("\(fault)") }
    var actual = ""
    for state in states {
      var found: [(outcome: String, inputs: [String])] = []
      for input in inputs {
        let follows = outcome(state, input)
        if let index = found.firstIndex(where: { $0.outcome == follows }) {
          found[index].inputs.append(input)
        } else {
          found.append((follows, [input]))
        }
        let expected = rest[state]?.removeValue(forKey: input)
        guard expected != follows else { continue }
        isWrong = true
        Issue.record("\(state), \(input): \(expected ?? "no cell"), but \(follows)")
      }
      actual += "== \(state)\n" + found.map(Self.line).joined()
    }
    for (state, left) in rest {
      for input in left.keys {
        isWrong = true
        Issue.record("no such state or input: \(state), \(input)")
      }
    }
    if isWrong { print("The table as it is:\n\(actual)") }
  }

  /// Inputs with the same outcome, within the length of a line.
  private static func line(_ outcome: String, _ inputs: [String]) -> String {
    func text(_ names: [String]) -> String {
      outcome == "nothing"
        ? "nothing: \(names.joined(separator: " "))\n" : "\(names.joined(separator: " ")) -> \(outcome)\n"
    }
    var (lines, names) = ("", [String]())
    for input in inputs {
      if !names.isEmpty, text(names + [input]).count > 107 {
        lines += text(names)
        names = []
      }
      names.append(input)
    }
    return lines + text(names)
  }

  /// An effect in one word.
  static func word(_ effect: Any) -> String {
    let text = String(describing: effect)
    if text.hasPrefix("tell(") { return "tell" }
    return text.replacing(": ", with: ":").replacing(", ", with: ",")
  }
}
