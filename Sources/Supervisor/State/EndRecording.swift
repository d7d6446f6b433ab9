internal import Host
internal import Synchronization

/// The record of one command that ends a VM, made on a lane that its command may not wait for.
///
/// What is answered is what holds: a removal that was given up takes no disk, whenever its write comes through.
final class EndRecording: Sendable {
  private enum Progress {
    case underWay
    case over(VMFolder.EndRecord)
    case givenUp
  }

  private let folder: VMFolder
  private let deletesDisks: Bool?
  private let stops: Bool
  private let progress = Mutex(Progress.underWay)

  init(in folder: VMFolder, deletingDisks deletesDisks: Bool?, stops: Bool) {
    (self.folder, self.deletesDisks, self.stops) = (folder, deletesDisks, stops)
  }

  /// Makes the record; it blocks.
  func perform() -> VMFolder.EndRecord {
    let isLate = progress.withLock { if case .givenUp = $0 { true } else { false } }
    // What begins late was told as a stop alone.
    let result = folder.recordEnd(
      deletingDisks: isLate ? deletesDisks.map { _ in false } : deletesDisks, stops: stops)
    let isGivenUp = progress.withLock { progress in
      if case .givenUp = progress { return true }
      progress = .over(result)
      return false
    }
    if isGivenUp, !isLate, deletesDisks != nil { takeBack() }
    return result
  }

  /// Waits no longer: the result if it has come meanwhile.
  func giveUp() -> VMFolder.EndRecord? {
    progress.withLock { progress in
      if case .over(let result) = progress { return result }
      progress = .givenUp
      return nil
    }
  }

  private func takeBack() {
    do throws(FolderChange.Failure) {
      if stops { try folder.markForgotten(disks: false) } else { try folder.keep() }
    } catch {
      Log.note("\(folder.path): a removal that was given up could not be taken back: \(error.error)")
    }
  }
}
