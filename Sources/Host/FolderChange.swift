internal import CLinux
internal import Glibc

/// Changes to the files of one folder that become durable together, or are all taken back.
///
/// Each is one rename: a reader, and whoever comes after a crash, sees a file as it was or as it is to be, whole. What
/// stood in its place is kept under a name that ends in `.new` until all is durable. Any thread; it blocks.
package struct FolderChange: ~Copyable {
  /// Why the changes did not come about.
  package struct Failure: Error, Sendable, Equatable {
    package let error: SystemError

    /// Whether all is as it was; otherwise what was to be may hold all the same, now or after a crash of the host.
    package let isTakenBack: Bool

    package init(error: SystemError, isTakenBack: Bool) {
      self.error = error
      self.isTakenBack = isTakenBack
    }
  }

  /// What was done, and so how it is undone.
  private enum Step {
    /// A file stands where none was.
    case made(String)

    /// A file has taken the place of another, which is kept.
    case replaced(String, kept: String)

    /// A file has a new name, where none was.
    case moved(String, to: String)

    /// A file is gone, and is kept.
    case removed(String, kept: String)

    /// What stood there is gone for good: this file system cannot exchange two names.
    case lost
  }

  private let folder: String
  private var steps: [Step] = []

  private init(folder: String) {
    self.folder = folder
  }

  /// Makes the changes durable before it returns; corresponds to renameat2(2) RENAME_EXCHANGE and fsync(2).
  package static func perform(
    in folder: String, _ changes: (inout FolderChange) throws(SystemError) -> Void
  ) throws(Failure) {
    var change = FolderChange(folder: folder)
    do throws(SystemError) {
      try changes(&change)
      try FileSystem.sync(directory: folder)
    } catch {
      throw Failure(error: error, isTakenBack: change.takeBack())
    }
    change.clear()
  }

  /// Puts a file with these bytes in its place, over what stands there.
  package mutating func put(_ name: String, _ bytes: [UInt8], mode: UInt32 = 0o600) throws(SystemError) {
    let path = folder + "/" + name
    let draft = try FileSystem.draft(for: path, bytes, mode: mode, durable: true)
    do throws(SystemError) {
      try place(draft, at: path)
    } catch {
      unlink(draft)
      throw error
    }
  }

  /// Removes a file, if it is there.
  package mutating func remove(_ name: String) throws(SystemError) {
    let path = folder + "/" + name
    let kept = FileSystem.temporaryName(for: path)
    do throws(SystemError) {
      try FileSystem.move(path, to: kept)
      steps.append(.removed(path, kept: kept))
    } catch {
      if error.code == ENOENT { return }
      guard error.code == ENOSPC || error.code == EDQUOT else { throw error }
      // Its removal needs no space, and cannot be taken back.
      if try FileSystem.remove(path) { steps.append(.lost) }
    }
  }

  /// Gives a file another name, over what stands there, in one step.
  package mutating func move(_ name: String, to other: String) throws(SystemError) {
    let (path, target) = (folder + "/" + name, folder + "/" + other)
    guard FileSystem.isPresent(target) else {
      try FileSystem.move(path, to: target)
      steps.append(.moved(path, to: target))
      return
    }
    try place(path, at: target)
    // What stood there has this name now, where the two could be exchanged.
    try remove(name)
  }

  private mutating func place(_ path: String, at target: String) throws(SystemError) {
    guard FileSystem.isPresent(target), !FileSystem.isDirectory(target) else {
      try FileSystem.move(path, to: target)
      steps.append(.made(target))
      return
    }
    if linux_rename_exchange(path, target) == 0 {
      steps.append(.replaced(target, kept: path))
      return
    }
    let code = SystemError.lastErrorCode
    guard code == EINVAL || code == ENOSYS else { throw SystemError("rename", target, code: code) }
    try FileSystem.move(path, to: target)
    steps.append(.lost)
  }

  /// Undoes all, the last first; true when all is as it was, and durably so.
  private consuming func takeBack() -> Bool {
    var isAsBefore = true
    for step in steps.reversed() {
      let isUndone =
        switch step {
        case .made(let path): unlink(path) == 0
        case .moved(let path, let target): linux_rename_new(target, path) == 0
        case .removed(let path, let kept): linux_rename_new(kept, path) == 0
        case .lost: false
        case .replaced(let path, let kept):
          // A draft has gone then; what had a name of its own has it again.
          linux_rename_exchange(kept, path) == 0 && (!FileSystem.isTemporary(kept) || unlink(kept) == 0)
        }
      if !isUndone { isAsBefore = false }
    }
    guard !steps.isEmpty else { return true }
    do throws(SystemError) {
      try FileSystem.sync(directory: folder)
      return isAsBefore
    } catch {
      return false
    }
  }

  /// Removes what was kept; where that fails it is in nobody's way.
  private consuming func clear() {
    for step in steps {
      switch step {
      case .replaced(_, let kept), .removed(_, let kept): unlink(kept)
      case .made, .moved, .lost: break
      }
    }
  }
}
