import Glibc
import Host

/// A folder with a log that is written and rotated, on a file system of either kind.
struct LogFolder {
  /// Where a head is cut off in one way or in the other.
  enum Place: String, CaseIterable {
    /// Where this is built: ext4 and XFS can collapse.
    case disk = ".build"

    /// tmpfs, which has holes alone.
    case memory = "/dev/shm"
  }

  let folder: TemporaryFolder
  let rotation: LogRotation
  var files: LogFiles { rotation.files }

  init(_ place: Place, sizeLimit: Int64 = 1 << 16, keptCount: Int = 1000) throws {
    folder = try TemporaryFolder(in: FileSystem.absolute(place.rawValue, in: FileSystem.currentDirectory))
    rotation = LogRotation(folder.file("console.log"), sizeLimit: sizeLimit, keptCount: keptCount)
  }

  func append(_ bytes: [UInt8]) throws {
    try FileDescriptor.openLog(files.current).write(bytes)
  }

  /// All that there is, the oldest first.
  func joined() throws -> [UInt8] {
    var bytes: [UInt8] = []
    for number in (1...rotation.keptCount).reversed() where FileSystem.exists(files.old(number)) {
      bytes += try FileSystem.read(files.old(number))
    }
    return try bytes + present()
  }

  /// What the log itself has, without a hole that it begins with.
  func present() throws -> [UInt8] {
    let log = try FileDescriptor.open(files.current, O_RDONLY)
    return try Array(FileSystem.read(files.current).dropFirst(Int(log.dataStart())))
  }

  func names() throws -> [String] { try FileSystem.names(in: folder.path) }
}
