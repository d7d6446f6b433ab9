internal import Glibc
internal import Host

/// Tells when a file of a folder changes or another takes its place; corresponds to inotify(7).
struct FolderWatch: ~Copyable {
  /// What a wait has ended with.
  enum Change: Equatable {
    case file

    /// The folder is gone, and all that was in it.
    case folderGone
  }

  private let descriptor: FileDescriptor

  /// From here on, nothing that happens in the folder is missed.
  static func start(_ folder: String) throws(SystemError) -> FolderWatch {
    let number = try retrying("inotify_init1") { inotify_init1(Int32(IN_CLOEXEC)) }
    let descriptor = FileDescriptor(owning: number)
    let mask = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF
    _ = try retrying("inotify_add_watch", folder) { inotify_add_watch(number, folder, UInt32(mask)) }
    return FolderWatch(descriptor: descriptor)
  }

  /// Waits until something happened to a file of the name, or the folder has gone.
  func wait(for name: String) throws(SystemError) -> Change {
    while true {
      let events = try descriptor.read(upTo: 65_536)
      if let change = Self.change(of: name, in: events) { return change }
    }
  }

  /// What a read of inotify events says about a file; nil where they are about others.
  ///
  /// An event is a watch, a mask, a cookie and the name's size, 32 bits each, then the name with NULs to that size.
  private static func change(of name: String, in events: [UInt8]) -> Change? {
    let ends = UInt32(IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)
    return events.withUnsafeBytes { bytes in
      var change: Change?
      var start = 0
      while start + 16 <= bytes.count {
        let mask = bytes.loadUnaligned(fromByteOffset: start + 4, as: UInt32.self)
        let size = Int(bytes.loadUnaligned(fromByteOffset: start + 12, as: UInt32.self))
        if mask & ends != 0 { return .folderGone }
        let text = bytes[min(start + 16, bytes.count)..<min(start + 16 + size, bytes.count)].prefix {
          $0 != 0
        }
        // After an overflow nobody knows whose events were lost.
        if mask & UInt32(IN_Q_OVERFLOW) != 0 || text.elementsEqual(name.utf8) { change = .file }
        start += 16 + size
      }
      return change
    }
  }
}
