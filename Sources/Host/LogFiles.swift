/// A log's files: the one that grows, the older ones that were its head, and the one that is to become one.
///
/// `console.log` is followed by `console.1.log`, the youngest, and so on. `console.rotating.log` is a copy that is not
/// whole yet; once whole it is called after what is done to the log next, and to how much of it:
/// `console.punch-65536.log`, then `console.collapse-65536.log`, then `console.1.log`.
package struct LogFiles: Sendable, Hashable {
  /// A copied head that is being cut off the log.
  package struct Cut: Sendable, Hashable {
    package enum Stage: String, Sendable, CaseIterable {
      /// The head is to become a hole; whether it is one already, nobody knows, and nothing hangs on it.
      case punch

      /// The head is a hole, or has gone: the log itself shows which.
      case collapse
    }

    package let stage: Stage

    /// How many bytes the log has lost, or will have, with earlier ones where those have left a hole.
    package let head: Int64

    package init(_ stage: Stage, head: Int64) {
      (self.stage, self.head) = (stage, head)
    }
  }

  /// The file that grows.
  package let current: String
  private let folder: String

  /// The file's name before and after what tells one from another: `console.` and `.log`.
  private let (prefix, suffix): (String, String)

  package init(_ current: String) {
    self.current = current
    folder = FileSystem.parent(of: current)
    let name = current.split(separator: "/").last.map(String.init) ?? current
    let dot = name.lastIndex(of: ".") ?? name.endIndex
    (prefix, suffix) = (name[..<dot] + ".", String(name[dot...]))
  }

  /// An old one, 1 the youngest.
  package func old(_ number: Int) -> String { path("\(number)") }

  /// What of the head has been copied so far.
  package var copy: String { path("rotating") }

  package func path(of cut: Cut) -> String { path("\(cut.stage.rawValue)-\(cut.head)") }

  /// Which of them are there: the numbers of the old ones, the youngest first, and the cut that is under way, or was
  /// when its process died.
  package func present() throws(SystemError) -> (cut: Cut?, old: [Int]) {
    var (cut, old): (Cut?, [Int]) = (nil, [])
    for name in try FileSystem.names(in: folder) where name.hasPrefix(prefix) && name.hasSuffix(suffix) {
      let mark = name.dropFirst(prefix.count).dropLast(suffix.count)
      let parts = mark.split(separator: "-")
      if let number = Int(mark) {
        old.append(number)
      } else if parts.count == 2, let stage = Cut.Stage(rawValue: String(parts[0])),
        let head = Int64(parts[1])
      {
        cut = Cut(stage, head: head)
      }
    }
    return (cut, old.sorted())
  }

  private func path(_ mark: String) -> String { "\(folder)/\(prefix)\(mark)\(suffix)" }
}
