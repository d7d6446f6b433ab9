internal import CLinux
internal import Glibc
internal import Synchronization

/// Files as the supervisor needs them: read whole, replaced whole, private, and durable when asked.
package enum FileSystem {
  /// Reads a whole file of at most `limit` bytes; corresponds to read(2).
  ///
  /// EFBIG when it is longer. One that `waits` reads a pipe as well, to its end.
  package static func read(
    _ path: String, limit: Int = 64 << 20, waits: Bool = false
  ) throws(SystemError) -> [UInt8] {
    let file = try FileDescriptor.open(path, O_RDONLY, waits: waits)
    var bytes: [UInt8] = []
    // Most files here are short.
    var size = 4096
    while true {
      let piece: [UInt8]
      do throws(SystemError) {
        piece = try file.read(upTo: size)
      } catch {
        throw SystemError(error.call, path, code: error.code)
      }
      if piece.isEmpty { return bytes }
      if piece.count == size { size = 65536 }
      bytes += piece
      guard bytes.count <= limit else { throw SystemError("read", path, code: EFBIG) }
    }
  }

  /// The file's bytes, or nil when there is none.
  package static func readIfPresent(_ path: String) throws(SystemError) -> [UInt8]? {
    do throws(SystemError) {
      return try read(path)
    } catch {
      if error.code == ENOENT { return nil }
      throw error
    }
  }

  /// The file's last bytes, for reading a log's tail, and none of a hole that it begins with.
  package static func tail(_ path: String, bytes limit: Int) throws(SystemError) -> [UInt8] {
    let file = try FileDescriptor.open(path, O_RDONLY)
    let start = max(try file.dataStart(), try file.size() - Int64(limit))
    var bytes: [UInt8] = []
    while bytes.count < limit {
      let piece = try file.read(upTo: limit - bytes.count, at: start + Int64(bytes.count))
      if piece.isEmpty { break }
      bytes += piece
    }
    return bytes
  }

  /// Puts a file in the place of another in one step, so that a reader sees the old one or the new one, whole.
  ///
  /// With `durable` it is on disk, folder included, before this returns, and when that fails the old one is put back;
  /// corresponds to fsync(2) and rename(2). Without, it survives this process and not a loss of power.
  package static func replace(
    _ path: String, with bytes: [UInt8], mode: UInt32 = 0o600, durable: Bool
  ) throws(SystemError) {
    if durable {
      let folder = parent(of: path)
      do throws(FolderChange.Failure) {
        try FolderChange.perform(in: folder) { change throws(SystemError) in
          try change.put(name(of: path), bytes, mode: mode)
        }
      } catch {
        throw SystemError(error.error.call, path, code: error.error.code)
      }
      return
    }
    let draft = try draft(for: path, bytes, mode: mode, durable: false)
    do throws(SystemError) {
      try move(draft, to: path)
    } catch {
      unlink(draft)
      throw SystemError(error.call, path, code: error.code)
    }
  }

  /// Writes a new file that is to take the place of another, under a name of its own, which it gives.
  static func draft(
    for path: String, _ bytes: [UInt8], mode: UInt32, durable: Bool
  ) throws(SystemError) -> String {
    let draft = temporaryName(for: path)
    do throws(SystemError) {
      try create(draft, with: bytes, mode: mode, durable: durable)
    } catch {
      throw SystemError(error.call, path, code: error.code)
    }
    return draft
  }

  /// Writes a new file, or none at all; with `durable` its bytes are on disk before this returns, not its name.
  package static func create(
    _ path: String, with bytes: [UInt8], mode: UInt32 = 0o600, durable: Bool
  ) throws(SystemError) {
    do throws(SystemError) {
      let file = try createNew(path, mode: mode)
      try file.write(bytes)
      if durable {
        let number = file.rawValue
        _ = try retrying("fsync", path) { fsync(number) }
      }
    } catch {
      unlink(path)
      throw SystemError(error.call, path, code: error.code)
    }
  }

  /// A file that was not there before: what a process that died has left under the name, a link too, is removed.
  private static func createNew(_ path: String, mode: UInt32) throws(SystemError) -> FileDescriptor {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
    do throws(SystemError) {
      return try FileDescriptor.open(path, flags, mode: mode)
    } catch {
      guard error.code == EEXIST else { throw error }
      try remove(path)
      return try FileDescriptor.open(path, flags, mode: mode)
    }
  }

  /// A name beside a path for what stands there for a moment; no two are the same, in whatever process.
  package static func temporaryName(for path: String) -> String {
    "\(path).\(getpid())-\(serial.add(1, ordering: .relaxed).newValue)\(temporarySuffix)"
  }

  /// Whether a path is one of those; who comes after a crash removes it.
  package static func isTemporary(_ path: String) -> Bool { path.hasSuffix(temporarySuffix) }

  /// Whether it is one that this process has made, which may be at it.
  package static func isOwnTemporary(_ path: String) -> Bool {
    isTemporary(path) && path.split(separator: ".").dropLast().last?.hasPrefix("\(getpid())-") == true
  }
  private static let temporarySuffix = ".new"

  /// Makes a file's bytes durable; corresponds to fsync(2).
  package static func sync(file path: String) throws(SystemError) {
    let file = try FileDescriptor.open(path, O_RDONLY)
    let number = file.rawValue
    _ = try retrying("fsync", path) { fsync(number) }
  }

  /// The path without symbolic links; corresponds to realpath(3).
  package static func resolved(_ path: String) throws(SystemError) -> String {
    SharedQueues.assertMayBlock(path)
    guard let text = realpath(path, nil) else { throw SystemError("realpath", path) }
    defer { free(text) }
    return String(cString: text)
  }

  /// Makes what was created, renamed or removed in a folder durable; corresponds to fsync(2).
  package static func sync(directory path: String) throws(SystemError) {
    let folder = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
    let number = folder.rawValue
    _ = try retrying("fsync", path) { fsync(number) }
  }

  /// Creates a folder and those above it, mode 0700 each; one that is there already stays as it is.
  package static func makeDirectory(_ path: String) throws(SystemError) {
    SharedQueues.assertMayBlock(path)
    guard mkdir(path, 0o700) != 0 else { return }
    let code = SystemError.lastErrorCode
    switch code {
    case EEXIST:
      guard isDirectory(path) else { throw SystemError("mkdir", path, code: ENOTDIR) }
    case ENOENT where parent(of: path) != path:
      try makeDirectory(parent(of: path))
      if mkdir(path, 0o700) != 0, SystemError.lastErrorCode != EEXIST { throw SystemError("mkdir", path) }
    default:
      throw SystemError("mkdir", path, code: code)
    }
  }

  /// The names in a folder, sorted, without `.` and `..`; corresponds to readdir(3).
  package static func names(in path: String) throws(SystemError) -> [String] {
    SharedQueues.assertMayBlock(path)
    guard let stream = opendir(path) else { throw SystemError("opendir", path) }
    defer { closedir(stream) }
    return try names(stream, path)
  }

  private static func names(_ stream: OpaquePointer, _ path: String) throws(SystemError) -> [String] {
    var names: [String] = []
    while true {
      // The only way to tell its end from a failure.
      errno = 0
      guard let entry = readdir(stream) else {
        if errno != 0 { throw SystemError("readdir", path) }
        return names.sorted()
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
  }

  /// Removes a file if it is there; true when it was.
  ///
  /// Corresponds to unlink(2).
  @discardableResult
  package static func remove(_ path: String) throws(SystemError) -> Bool {
    SharedQueues.assertMayBlock(path)
    if unlink(path) == 0 { return true }
    let code = SystemError.lastErrorCode
    if code == ENOENT { return false }
    throw SystemError("unlink", path, code: code)
  }

  /// Removes a folder with all that is in it, or a file; one that is not there is gone already.
  ///
  /// A link goes, and not what it leads to, also one that comes into a folder's place meanwhile. What is mounted in it
  /// is somebody else's: EXDEV. Corresponds to openat(2) O_NOFOLLOW and unlinkat(2).
  package static func removeTree(_ path: String) throws(SystemError) {
    SharedQueues.assertMayBlock(path)
    try removeTree(AT_FDCWD, path, path)
  }

  /// `name` is as the open folder `parent` has it, `path` what an error names.
  private static func removeTree(
    _ parent: Int32, _ name: String, _ path: String
  ) throws(SystemError) {
    if unlinkat(parent, name, 0) == 0 { return }
    switch SystemError.lastErrorCode {
    case ENOENT: return
    case EISDIR: break
    case let code: throw SystemError("unlink", path, code: code)
    }
    let number = try retrying("open", path) {
      openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
    guard let stream = fdopendir(number) else {
      let error = SystemError("opendir", path)
      close(number)
      throw error
    }
    defer { closedir(stream) }
    var (here, above) = (stat(), stat())
    _ = try retrying("fstat", path) { fstat(number, &here) }
    _ = try retrying("fstatat", path) { fstatat(number, "..", &above, AT_SYMLINK_NOFOLLOW) }
    guard here.st_dev == above.st_dev else { throw SystemError("unlink", path, code: EXDEV) }
    for entry in try names(stream, path) { try removeTree(number, entry, path + "/" + entry) }
    _ = try retrying("rmdir", path) { unlinkat(parent, name, AT_REMOVEDIR) }
  }

  /// Renames in one step, over what stands there; corresponds to rename(2).
  package static func move(_ from: String, to path: String) throws(SystemError) {
    SharedQueues.assertMayBlock(path)
    _ = try retrying("rename", from) { rename(from, path) }
  }

  /// Renames in one step and refuses to replace; corresponds to renameat2(2) RENAME_NOREPLACE.
  package static func moveNew(_ from: String, to path: String) throws(SystemError) {
    SharedQueues.assertMayBlock(path)
    _ = try retrying("rename", path) { linux_rename_new(from, path) }
  }

  package static func exists(_ path: String) -> Bool {
    SharedQueues.assertMayBlock(path)
    return access(path, F_OK) == 0
  }

  /// Whether anything stands at the path, also a link that leads nowhere; corresponds to lstat(2).
  package static func presence(of path: String) throws(SystemError) -> Bool {
    SharedQueues.assertMayBlock(path)
    var status = stat()
    if lstat(path, &status) == 0 { return true }
    let code = SystemError.lastErrorCode
    if code == ENOENT || code == ENOTDIR { return false }
    throw SystemError("lstat", path, code: code)
  }

  /// As above; where it cannot be told, something may stand there, and what is done with it next says why not.
  package static func isPresent(_ path: String) -> Bool {
    do throws(SystemError) {
      return try presence(of: path)
    } catch {
      return true
    }
  }

  /// Whether the path can be read, or written, by this process; corresponds to access(2).
  package static func isAccessible(_ path: String, writing: Bool = false) -> Bool {
    refusal(path, writing: writing) == nil
  }

  /// Why a path cannot be read, or written, by this process; nil when it can.
  ///
  /// Corresponds to access(2).
  package static func refusal(_ path: String, writing: Bool = false) -> SystemError? {
    SharedQueues.assertMayBlock(path)
    return access(path, writing ? R_OK | W_OK : R_OK) == 0 ? nil : SystemError("access", path)
  }

  package static func isDirectory(_ path: String) -> Bool {
    SharedQueues.assertMayBlock(path)
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether a path leads to a folder, as far as can be told: one that cannot be looked at may be one.
  package static func mayBeDirectory(_ path: String) -> Bool {
    SharedQueues.assertMayBlock(path)
    var status = stat()
    if stat(path, &status) == 0 { return status.st_mode & S_IFMT == S_IFDIR }
    let code = SystemError.lastErrorCode
    return code != ENOENT && code != ENOTDIR && code != ELOOP
  }

  /// The user a file or folder belongs to; nil when it is not there.
  package static func owner(of path: String) -> UInt32? {
    SharedQueues.assertMayBlock(path)
    var status = stat()
    return stat(path, &status) == 0 ? status.st_uid : nil
  }

  /// Whether two paths lead to one file: the same device and inode.
  package static func isSameFile(_ path: String, _ other: String) -> Bool {
    SharedQueues.assertMayBlock(path)
    var (first, second) = (stat(), stat())
    return stat(path, &first) == 0 && stat(other, &second) == 0 && first.st_dev == second.st_dev
      && first.st_ino == second.st_ino
  }

  /// Whether what a path in /proc leads to has no name any more.
  package static func isRemoved(_ path: String) -> Bool {
    SharedQueues.assertMayBlock(path)
    var status = stat()
    return stat(path, &status) == 0 && status.st_nlink == 0
  }

  /// The size of a file in bytes, 0 when it is not there.
  package static func size(of path: String) -> Int64 {
    SharedQueues.assertMayBlock(path)
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : 0
  }

  /// What the file system of a path has left for this user, in bytes; corresponds to statvfs(3).
  package static func freeBytes(at path: String) -> Int64? {
    SharedQueues.assertMayBlock(path)
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    return Int64(status.f_bavail) * Int64(status.f_frsize)
  }

  /// Where a symbolic link points, or nil; corresponds to readlink(2).
  package static func linkTarget(_ path: String) -> String? {
    SharedQueues.assertMayBlock(path)
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink(path, &buffer, buffer.count)
    guard count >= 0 else { return nil }
    return String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Tells those who watch a file that something happened to it, and changes nothing that anybody goes by.
  ///
  /// Not what a link leads to. Corresponds to utimensat(2).
  package static func touch(_ path: String) throws(SystemError) {
    SharedQueues.assertMayBlock(path)
    var status = stat()
    guard lstat(path, &status) == 0 else { throw SystemError("lstat", path) }
    // The time of the last access alone would count as a read.
    let times = [timespec(tv_sec: 0, tv_nsec: Int(linux_utime_now)), status.st_mtim]
    _ = try retrying("utimensat", path) { utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) }
  }

  /// Makes a symbolic link; corresponds to symlink(2).
  package static func link(_ path: String, to target: String) throws(SystemError) {
    SharedQueues.assertMayBlock(path)
    _ = try retrying("symlink", path) { symlink(target, path) }
  }

  /// What tells one version of a file from another: device, inode, size and time of change.
  package static func identity(of path: String) throws(SystemError) -> String {
    SharedQueues.assertMayBlock(path)
    var status = stat()
    guard stat(path, &status) == 0 else { throw SystemError("stat", path) }
    return
      "\(status.st_dev):\(status.st_ino):\(status.st_size):\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
  }

  /// The folder a path lies in.
  package static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The last part of a path.
  package static func name(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }

  /// The absolute form of a path, `.` and `..` resolved as text; `base` is what a relative one stands on.
  package static func absolute(_ path: String, in base: String) -> String {
    var parts: [Substring] = []
    for part in (path.hasPrefix("/") ? path : base + "/" + path).split(separator: "/") {
      switch part {
      case ".": continue
      case "..": _ = parts.popLast()
      default: parts.append(part)
      }
    }
    return "/" + parts.joined(separator: "/")
  }

  package static var currentDirectory: String {
    guard let text = getcwd(nil, 0) else { return "/" }
    defer { free(text) }
    return String(cString: text)
  }
}

/// Tells one temporary file from another.
private let serial = Atomic<UInt64>(0)
