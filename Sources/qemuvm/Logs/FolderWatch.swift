internal import Glibc
internal import Host

/// Tells when a file of a folder changes or another takes its place; corresponds to inotify(7).
struct FolderWatch: ~Copyable {
  /// What a wait has ended with.
  enum Change: Equatable {
    case file

    /// The folder is gone, and all that was in it.
    case folderGone

    /// The process has ended.
    case processEnded

    /// The time is up.
    case none
  }

  private let descriptor: FileDescriptor

  /// The watches: the folder's own, and its parent's, which alone tells at once that the folder was removed: a file
  /// that we hold open keeps the folder's own event back.
  private let (inside, above): (Int32, Int32)
  private let folderName: String

  /// From here on, nothing that happens in the folder is missed.
  static func start(_ folder: String) throws(SystemError) -> FolderWatch {
    let descriptor = FileDescriptor(
      owning: try retrying("inotify_init1") { inotify_init1(Int32(IN_CLOEXEC)) })
    let parent = FileSystem.parent(of: folder)
    let number = descriptor.rawValue
    func watch(_ path: String, _ mask: Int32) throws(SystemError) -> Int32 {
      try retrying("inotify_add_watch", path) { inotify_add_watch(number, path, UInt32(mask)) }
    }
    return FolderWatch(
      inside: try watch(folder, IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_MOVED_TO),
      above: try watch(parent, IN_DELETE | IN_MOVED_FROM),
      folderName: String(folder.dropFirst(parent.count + 1)), descriptor: descriptor)
  }

  private init(inside: Int32, above: Int32, folderName: String, descriptor: consuming FileDescriptor) {
    (self.inside, self.above) = (inside, above)
    self.folderName = folderName
    self.descriptor = descriptor
  }

  /// Waits until something happened to a file of the name, the folder has gone, a process has ended, or the time is up.
  func wait(
    for name: String, orEndOf process: ChildProcess? = nil, until deadline: Instant? = nil
  ) throws(SystemError) -> Change {
    while true {
      if let deadline {
        var pollers = [pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)]
        if let process { pollers.append(pollfd(fd: process.descriptor, events: Int16(POLLIN), revents: 0)) }
        // Rounded up, so that the deadline has passed when this ends.
        let rest = Int32(clamping: max(0, (deadline - .now).nanoseconds + 999_999) / 1_000_000)
        let ready = try retrying("poll", nil) { poll(&pollers, nfds_t(pollers.count), rest) }
        guard ready > 0 else { return .none }
        if pollers[0].revents == 0 { return .processEnded }
      }
      let events = try descriptor.read(upTo: 65_536)
      if let change = change(of: name, in: events) { return change }
    }
  }

  /// What a read of inotify events says about a file; nil where they are about others.
  private func change(of name: String, in bytes: [UInt8]) -> Change? {
    var change: Change?
    for event in InotifyEvent.events(in: bytes) {
      if event.watch == above, event.name.elementsEqual(folderName.utf8) { return .folderGone }
      // After an overflow nobody knows whose events were lost.
      let isLost = event.mask & UInt32(IN_Q_OVERFLOW) != 0
      if isLost || event.watch == inside && event.name.elementsEqual(name.utf8) { change = .file }
    }
    return change
  }
}
