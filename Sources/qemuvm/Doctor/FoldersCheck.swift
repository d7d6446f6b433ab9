internal import Control
internal import Glibc
internal import Host

/// The three folders: whose they are, who can read them, what room they have.
struct FoldersCheck {
  let context: Context

  func findings() -> [Finding] {
    let locations = context.locations
    return [
      folder("state folder", locations.state, isPrivate: true, needsRoom: true),
      folder("runtime folder", locations.runtime, isPrivate: true, needsRoom: false),
      folder("configuration", locations.configuration, isPrivate: false, needsRoom: false),
      socketPath,
    ].compactMap { $0 }
  }

  /// Less room than that is none, in bytes.
  private static let scarce: Int64 = 1 << 30

  private func folder(_ subject: String, _ path: String, isPrivate: Bool, needsRoom: Bool) -> Finding {
    var status = stat()
    guard stat(path, &status) == 0 else {
      guard errno == ENOENT else {
        return .failure(subject, "\(path): \(SystemError("stat", path).reason)", "ls -ld \(path)")
      }
      return absent(subject, path, isPrivate: isPrivate)
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      return .failure(subject, "\(path) is not a folder", "Move it away, or name another folder.")
    }
    do throws(UntrustedFile) {
      try context.locations.requireTrust(in: path)
    } catch {
      return .failure(subject, "\(error)", context.locations.adviceOnTrust(in: error))
    }
    let mode = String(status.st_mode & 0o777, radix: 8)
    if isPrivate, status.st_uid == geteuid(), status.st_mode & 0o077 != 0 {
      return .warning(
        subject, "\(path) has the mode \(mode): other users can look into it", "chmod 700 \(path)")
    }
    guard !isPrivate || FileSystem.isAccessible(path, writing: true) else {
      return .failure(
        subject, "\(path) cannot be written: no VM can be kept there",
        "QEMUVM_STATE_DIR, QEMUVM_RUNTIME_DIR and QEMUVM_CONFIG_DIR name other folders.")
    }
    var text = "\(path), mode \(mode), of the user \(User.name(status.st_uid))"
    guard needsRoom, let room = FileSystem.freeBytes(at: path) else { return .ok(subject, text) }
    text += ", \(Quantity.bytes(UInt64(max(0, room)))) free"
    if let kind = Self.fileSystem(of: path), Self.remote.contains(kind) {
      return .warning(
        subject, "\(text), on \(kind): a lock there may be lost, and with it the promise of one QEMU a VM",
        "QEMUVM_STATE_DIR names a folder on a disk of this host.")
    }
    guard room < Self.scarce else { return .ok(subject, text) }
    return .warning(subject, text + ": guests that write more are paused", "df -h \(path)")
  }

  /// It is made by the first command that needs it.
  private func absent(_ subject: String, _ path: String, isPrivate: Bool) -> Finding {
    guard isPrivate else { return .ok(subject, "\(path) is not there, and need not be") }
    var above = FileSystem.parent(of: path)
    while above != "/", !FileSystem.exists(above) { above = FileSystem.parent(of: above) }
    guard FileSystem.isAccessible(above, writing: true) else {
      return .failure(
        subject, "\(path) is not there, and cannot be made in \(above)",
        "QEMUVM_STATE_DIR, QEMUVM_RUNTIME_DIR and QEMUVM_CONFIG_DIR name other folders.")
    }
    return .ok(subject, "\(path) is not there yet; the first command makes it")
  }

  /// A socket's path has room for 107 bytes; unix(7).
  private var socketPath: Finding? {
    let path = context.locations.controlSocket
    guard path.utf8.count > 107 else { return nil }
    return .failure(
      "control socket", "\(path) is longer than 107 bytes, which a socket's path may have",
      "QEMUVM_RUNTIME_DIR names a folder with a shorter path.")
  }

  private static let remote: Set = ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "glusterfs"]

  /// The kind of the file system that a path lies on; proc(5), mountinfo.
  private static func fileSystem(of path: String) -> String? {
    // What cannot be resolved lies nowhere.
    guard let path = try? FileSystem.resolved(path) else { return nil }
    var best: (point: Substring, kind: Substring)?
    for line in HostText.lines("/proc/self/mountinfo") {
      let fields = line.split(separator: " ")
      guard fields.count > 6, let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count else { continue }
      let point = fields[4]
      let holds = point == "/" || path == point || path.starts(with: point + "/")
      if holds, point.count >= best?.point.count ?? 0 { best = (point, fields[dash + 1]) }
    }
    return best.map { String($0.kind) }
  }
}
