/// Finds the known name that a mistyped one most likely meant.
///
/// A name is near when at most a third of its letters, and at least one, would have to be changed, added,
/// dropped or swapped with their neighbour; letter case does not count. Of names equally near, the one of
/// most equal length is taken, for letters are swapped more often than forgotten.
package func nearestName(to name: String, among known: some Sequence<String>) -> String? {
  let typed = Array(name.lowercased().unicodeScalars.prefix(64))
  var best: (name: String, distance: (Int, Int))?
  for candidate in known {
    let letters = Array(candidate.lowercased().unicodeScalars)
    let edits = editDistance(typed, letters)
    guard edits <= max(1, max(typed.count, letters.count) / 3) else { continue }
    let distance = (edits, abs(typed.count - letters.count))
    if best.map({ distance < $0.distance }) ?? true { best = (candidate, distance) }
  }
  return best?.name
}

/// The fewest edits from one word to another, where swapping neighbours counts as one (Damerau).
private func editDistance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
  var beforeLast: [Int] = []
  var last = Array(0...right.count)
  for (row, letter) in left.enumerated() {
    var current = [row + 1]
    for (column, other) in right.enumerated() {
      var least = min(last[column + 1] + 1, current[column] + 1, last[column] + (letter == other ? 0 : 1))
      if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
        least = min(least, beforeLast[column - 1] + 1)
      }
      current.append(least)
    }
    (beforeLast, last) = (last, current)
  }
  return last[right.count]
}
