internal import Glibc
internal import Host

/// What a `hello` guest says on its console, read from the log that QEMU writes.
enum GuestConsole {
  /// Waits until the guest has said that it is ready, and so hears its power button.
  ///
  /// Corresponds to inotify(7).
  static func awaitReady(log: String) throws {
    let number = try retrying("inotify_init1") { inotify_init1(Int32(IN_CLOEXEC)) }
    let watch = FileDescriptor(owning: number)
    let folder = FileSystem.parent(of: log)
    _ = try retrying("inotify_add_watch", folder) {
      inotify_add_watch(number, folder, UInt32(IN_MODIFY | IN_CREATE))
    }
    while try FileSystem.readIfPresent(log)?.contains("READY") != true {
      _ = try watch.read(upTo: 4096)
    }
  }
}
