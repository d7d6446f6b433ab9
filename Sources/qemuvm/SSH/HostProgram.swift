internal import Glibc
internal import Host

/// A program of the host's that this process becomes.
enum HostProgram {
  /// The one in `PATH`.
  static func find(_ name: String, in context: Context) -> String? {
    (context.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").lazy.map { "\($0)/\(name)" }
      .first { access($0, X_OK) == 0 && !FileSystem.isDirectory($0) }
  }

  /// Becomes it, with the streams, the terminal and the environment of this process.
  ///
  /// Returns only where that fails, with why. Corresponds to execv(3).
  static func become(_ program: String, _ arguments: [String]) throws -> SystemError {
    var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
    words.append(nil)
    execv(program, words)
    let error = SystemError("execv", program)
    for word in words { free(word) }
    return error
  }
}
