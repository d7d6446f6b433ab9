internal import JSON

/// What the doctor found out about one thing of the host, and what mends it.
struct Finding: Sendable, Equatable {
  enum Verdict: String, Sendable {
    case ok

    /// Guests run, and something is slower, missing or not held.
    case warning

    /// Guests do not run, or are in danger.
    case failure
  }

  /// What was looked at, in a word or two.
  let subject: String
  let verdict: Verdict

  /// What is so, in one sentence.
  let text: String

  /// What to do about it, a command where there is one.
  let advice: [String]

  static func ok(_ subject: String, _ text: String) -> Finding {
    Finding(subject: subject, verdict: .ok, text: text, advice: [])
  }

  static func warning(_ subject: String, _ text: String, _ advice: String...) -> Finding {
    Finding(subject: subject, verdict: .warning, text: text, advice: advice)
  }

  static func failure(_ subject: String, _ text: String, _ advice: String...) -> Finding {
    Finding(subject: subject, verdict: .failure, text: text, advice: advice)
  }

  var json: JSONObject {
    [
      "check": .string(subject), "verdict": .string(verdict.rawValue), "text": .string(text),
      "advice": .array(advice.map(JSONValue.string)),
    ]
  }

  /// Its lines for a person.
  func lines(_ style: TextStyle) -> String {
    let space = String(repeating: " ", count: max(1, 9 - verdict.rawValue.count))
    let lead = "\(verdict.rawValue)\(space)\(subject.padded(to: Self.subjectWidth))"
    let indent = 9 + Self.subjectWidth
    let words = ParagraphLayout.lines(Printable.line(text), lead: lead, indent: indent)
    let colour: String = words[0].dropFirst(verdict.rawValue.count).description
    var lines = [style.verdict(verdict) + colour] + words.dropFirst()
    for advice in advice {
      lines += ParagraphLayout.lines(
        Printable.line(advice), lead: String(repeating: " ", count: indent) + "> ", indent: indent + 2)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// What the longest subject takes, and a space.
  private static let subjectWidth = 16
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    count >= width ? self + " " : self + String(repeating: " ", count: width - count)
  }
}
