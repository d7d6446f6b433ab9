internal import Glibc
internal import Host

/// How a log and its older files stand at one moment, as far as a reader must know.
///
/// What was read between two looks that are alike was read from files that nobody moved.
struct LogView: Equatable {
  /// An older file, or the copied head that is about to be one.
  struct Old: Equatable {
    let path: String

    /// Tells it from every other, whatever its name is by now.
    let identity: String
  }

  /// The older files that have come since the known one, the youngest first; all, where that is not there any more.
  let younger: [Old]

  /// Whether the known one is there still, so that none between it and the others can be missing.
  let isGapless: Bool

  /// Where the log's own bytes begin, behind what is copied already.
  let start: Int64

  /// Looks; `known` is the youngest older file that is known, nil where there was none.
  static func read(
    _ files: LogFiles, _ log: borrowing FileDescriptor, known: String?
  ) throws(SystemError) -> LogView {
    while true {
      do throws(SystemError) {
        return try read(once: files, log, known: known)
      } catch {
        // Renamed between the listing and the look at it.
        guard error.code == ENOENT else { throw error }
      }
    }
  }

  private static func read(
    once files: LogFiles, _ log: borrowing FileDescriptor, known: String?
  ) throws(SystemError) -> LogView {
    // With its folder the VM has gone; the log that is open still has what was written last.
    guard FileSystem.isDirectory(FileSystem.parent(of: files.current)) else {
      return LogView(younger: [], isGapless: true, start: try log.dataStart())
    }
    let (cut, numbers) = try files.present()
    var paths = numbers.map(files.old)
    if let cut { paths.insert(files.path(of: cut), at: 0) }
    var younger: [Old] = []
    var isGapless = known == nil
    for path in paths {
      let identity = try FileSystem.identity(of: path)
      isGapless = isGapless || identity == known
      if identity == known { break }
      younger.append(Old(path: path, identity: identity))
    }
    return LogView(younger: younger, isGapless: isGapless, start: try start(of: log, cut))
  }

  private static func start(
    of log: borrowing FileDescriptor, _ cut: LogFiles.Cut?
  ) throws(SystemError) -> Int64 {
    // What is copied counts no more, even if it is there still.
    if let cut, cut.stage == .punch { return cut.head }
    return try log.dataStart()
  }
}
