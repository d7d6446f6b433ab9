internal import Glibc
internal import Host

/// Tells which cards' paths were made or removed: a QEMU has come, or begins; corresponds to inotify(7).
final class CardWatch {
  private let descriptorOwner: FileDescriptor

  /// The ports of each watched folder, by the names of their cards in it.
  private var ports: [Int32: [[UInt8]: Int]] = [:]

  var descriptor: Int32 { descriptorOwner.rawValue }

  init(_ cardPaths: [String]) throws(SystemError) {
    let number = try retrying("inotify_init1") { inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK)) }
    descriptorOwner = FileDescriptor(owning: number)
    let mask = UInt32(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR)
    for (port, path) in cardPaths.enumerated() {
      let folder = FileSystem.parent(of: path)
      let watch = try retrying("inotify_add_watch", folder) { inotify_add_watch(number, folder, mask) }
      ports[watch, default: [:]][Array(FileSystem.name(of: path).utf8)] = port
    }
  }

  /// The ports whose cards have come or gone; all of them when more has happened than the kernel could tell.
  func changed() throws(SystemError) -> Set<Int> {
    var changed: Set<Int> = []
    while true {
      let bytes: [UInt8]
      do throws(SystemError) {
        bytes = try descriptorOwner.read(upTo: 16384)
      } catch {
        if error.code == EAGAIN { return changed }
        throw error
      }
      for event in InotifyEvent.events(in: bytes) {
        if event.watch < 0 {
          changed.formUnion(ports.values.flatMap(\.values))
        } else if let port = ports[event.watch]?[event.name] {
          changed.insert(port)
        }
      }
    }
  }
}
