import Glibc
import Host
import Testing

/// A folder that nothing below answers in, until it is released.
struct HangingFolder: Sendable {
  let folder: String
  let fleet: Fleet
  let server: Program

  /// What waited for it fails, and the folder is again what it was.
  func release() async throws {
    server.signal(SIGKILL)
    _ = try await server.end()
    try await fleet.unmount(folder)
  }

  /// The folder is again what it was, and then the one thing that each has waited for fails.
  func answer() async throws {
    try await fleet.unmount(folder)
    server.signal(SIGKILL)
    _ = try await server.end()
  }
}

extension Fleet {
  /// Mounts a file system on a folder that never answers, as that of a server that is gone.
  ///
  /// It needs /dev/fuse and the right to mount.
  func hang(_ folder: String) async throws -> HangingFolder {
    try FileSystem.makeDirectory(folder)
    let server = try Program(try await Guests.hanging(), [folder], environment: ChildProcess.environment)
    do {
      _ = try await server.read(until: "mounted\n")
    } catch {
      Issue.record("no file system can be mounted that hangs; /dev/fuse and the right to mount are needed")
      throw error
    }
    isMounted(folder)
    isServed(by: server)
    return HangingFolder(folder: folder, fleet: self, server: server)
  }
}
