import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Who may read what") struct Permissions {
    @Test(
      "Every folder is 0700 and every file and socket 0600, whatever the umask", arguments: ["000", "077"])
    func modes(umask: String) async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        let up = try Program(
          "/bin/sh", ["-c", "umask \(umask); exec \"$0\" up", Fleet.binary], environment: fleet.environment,
          directory: fleet.folder)
        #expect(try await up.end().code == 0)
        let vm = try await fleet.status("web")
        for key in ["qmpSocket", "consoleSocket"] {
          let path = try #require(vm[key]?.string)
          #expect(path.hasPrefix(fleet.runtime + "/"))
        }
        try check(fleet.state)
        try check(fleet.runtime)
      }
    }

    private func check(_ path: String) throws {
      var status = stat()
      guard lstat(path, &status) == 0 else { throw SystemError("lstat", path) }
      let mode = String(status.st_mode & 0o777, radix: 8)
      switch status.st_mode & S_IFMT {
      case S_IFDIR:
        #expect(mode == "700", "\(path)")
        for name in try FileSystem.names(in: path) { try check(path + "/" + name) }
      case S_IFLNK:
        break
      default:
        #expect(mode == "600", "\(path)")
      }
    }
  }
}
