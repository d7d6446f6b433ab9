/// What the command line of the benchmark asks for.
struct Options: Sendable {
  /// Fewer rounds: figures in a fraction of the time, and noisier.
  var isQuick = false

  /// The one measurement to run; nil runs all.
  var only: String?
  var wantsHelp = false

  /// A command line that cannot be obeyed.
  struct Invalid: Error, CustomStringConvertible {
    let description: String
  }

  init(_ words: [String], known names: [String]) throws(Invalid) {
    var rest = words[...]
    while let word = rest.popFirst() {
      switch word {
      case "--quick": isQuick = true
      case "--help", "-h": wantsHelp = true
      case "--only":
        guard let name = rest.popFirst() else { throw Invalid(description: "--only needs a name") }
        guard names.contains(name) else {
          throw Invalid(description: "--only: '\(name)' is none of \(names.joined(separator: ", "))")
        }
        only = name
      default: throw Invalid(description: "unknown option '\(word)'")
      }
    }
  }

  /// How often something is measured whose full number of rounds is known.
  func rounds(_ full: Int) -> Int { isQuick ? max(3, full / 5) : full }
}
