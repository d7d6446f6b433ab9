internal import Host

/// One look at a log that is kept below its size, to be made on the log's lane.
struct LogInspection: Sendable {
  /// What it has come to.
  struct Outcome: Sendable {
    /// Where the log is written from here on.
    var rotation: LogRotation

    /// Waits for its next modification; nil where it cannot be watched.
    var question: FileWatch.Token?

    /// What it had in bytes before it was rotated, and after.
    var sizes: Result<(before: Int64, after: Int64), SystemError>
  }

  let rotation: LogRotation
  let writer: RotatedLogs.Writer?
  let moved: @Sendable (Int64) -> Void

  /// Whether the log is to be made if it is not there.
  let isFirst: Bool

  /// Whether it is rotated whatever its size: an interrupted rotation may have left something to do.
  let isForced: Bool
  let watch: FileWatch
  let modified: @Sendable () -> Void

  /// It blocks.
  func perform() -> Outcome {
    // What cannot be opened is not there to be watched either, which says why.
    if isFirst { _ = try? FileDescriptor.openLog(rotation.files.current) }
    var outcome = Outcome(rotation: rotation, sizes: .success((0, 0)))
    let path = rotation.files.current
    if rotation.writtenAt == path, let writer,
      let place = ProcessTable.place(ofRemoved: path, in: writer.pid)
    {
      outcome.rotation = rotation.written(at: place)
      writer.removed()
    }
    let log = outcome.rotation
    outcome.sizes = Result { () throws(SystemError) in
      // Asked first: what is written behind the look is told.
      outcome.question = try watch.watch(log.writtenAt, modified)
      let before = try log.size()
      if isForced || before >= log.sizeLimit { try log.rotate(moved: moved) }
      return (before, try log.size())
    }
    return outcome
  }

  /// Nobody wants to know any more.
  func forget(_ outcome: Outcome) {
    if let question = outcome.question { watch.cancel(question) }
  }
}
