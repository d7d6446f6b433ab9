internal import Control
internal import Machine

/// What `qemuvm wait` waits for.
enum Condition: Sendable, Equatable {
  case running
  case healthy
  case stopped

  /// The guest's sshd answers.
  case ssh

  /// A line of the console, since the guest's last boot, shows the pattern.
  case console(ConsolePattern)

  /// The words of the option; that of a pattern has it behind a colon.
  static let words = ["running", "healthy", "ssh", "stopped", "console:PATTERN"]

  /// As in "is not … within 10s".
  var text: String {
    switch self {
    case .running: "running"
    case .healthy: "healthy"
    case .stopped: "stopped"
    case .ssh: "reached by ssh"
    case .console(let pattern): "showing '\(pattern.text)' on its console"
    }
  }
}

extension ValueParser<Condition> {
  static var condition: ValueParser {
    ValueParser(choices: Condition.words) { text throws(InvalidValue) in
      let prefix = "console:"
      if text.hasPrefix(prefix) {
        let pattern = String(text.dropFirst(prefix.count))
        guard !pattern.isEmpty else { throw InvalidValue(reason: "has no pattern behind '\(prefix)'") }
        do throws(ConsolePattern.Invalid) {
          return .console(try ConsolePattern(pattern))
        } catch {
          throw InvalidValue(reason: "is not an extended regular expression (regex(7)): \(error)")
        }
      }
      switch text {
      case "running": return .running
      case "healthy": return .healthy
      case "stopped": return .stopped
      case "ssh": return .ssh
      default:
        let nearest = nearestName(to: text, among: Condition.words).map { "; did you mean '\($0)'?" } ?? ""
        throw InvalidValue(reason: "is none of \(Condition.words.joined(separator: ", "))\(nearest)")
      }
    }
  }
}
