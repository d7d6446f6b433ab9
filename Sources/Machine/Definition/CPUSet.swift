internal import JSON

/// Some CPUs by their numbers, as Linux writes them: `0-3,8`; cpuset(7), the list format.
package struct CPUSet: Sendable, Equatable {
  /// In their order, each once.
  package let numbers: [Int]

  /// What the kernel's masks here have room for.
  package static let most = 4_096

  package init(_ numbers: some Sequence<Int>) { self.numbers = Set(numbers).sorted() }

  /// Nil for what is no list of such numbers.
  package init?(_ text: String) {
    var numbers: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
      guard let first = ends.first.flatMap(Self.number), let last = ends.last.flatMap(Self.number),
        first <= last, last < Self.most
      else { return nil }
      numbers += first...last
    }
    self.init(numbers)
  }

  /// A whole number of digits alone, without zeros in front.
  private static func number(_ text: Substring) -> Int? {
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), text.utf8.count == 1 || text.first != "0"
    else { return nil }
    return Int(text)
  }

  /// The runs of numbers that follow each other, each as `0-3` or `8`.
  package var runs: [String] {
    var runs: [ClosedRange<Int>] = []
    for number in numbers {
      if let last = runs.last, last.upperBound + 1 == number {
        runs[runs.count - 1] = last.lowerBound...number
      } else {
        runs.append(number...number)
      }
    }
    return runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
  }
}

extension CPUSet: CustomStringConvertible {
  package var description: String { runs.joined(separator: ",") }
}

extension CPUSet: DefinitionValue {
  static func read(_ node: DefinitionNode) -> CPUSet? {
    let expected = "the number of a CPU, or several such as '0-3,8'"
    if let number = node.int {
      return (0..<most).contains(number)
        ? CPUSet([number]) : node.wrong("a CPU has a number from 0 to \(most - 1), not \(number)")
    }
    guard let text = node.nonEmptyText(expected: expected) else { return nil }
    return CPUSet(text) ?? node.wrong("'\(text.clipped)' names no CPUs; write such as '0-3,8'")
  }

  var json: JSONValue { numbers.count == 1 ? JSONValue(numbers[0]) : .string(description) }
}
