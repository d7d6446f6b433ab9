/// Questions about files, one for each path: a new one takes the place of the one before.
///
/// Owned by one actor.
package struct FileQuestions {
  private struct Subject: Hashable {
    let path: String
    let change: FileWatch.Change
  }

  private let files: FileWatch
  private var tokens: [Subject: FileWatch.Token] = [:]

  package init(_ files: FileWatch) {
    self.files = files
  }

  /// Calls the handler once when that happens to the file next; false when it cannot be asked, and nobody is told.
  package mutating func ask(
    about path: String, for change: FileWatch.Change, _ handler: @escaping @Sendable () -> Void
  ) -> Bool {
    let subject = Subject(path: path, change: change)
    let former = tokens[subject]
    do throws(SystemError) {
      tokens[subject] = try files.watch(path, for: change, handler)
    } catch {
      tokens[subject] = nil
    }
    if let former { files.cancel(former) }
    return tokens[subject] != nil
  }
}
