internal import Glibc
internal import Host
internal import JSON
package import Machine

/// What each QEMU binary is and can: asked of it once, and kept in the state folder.
///
/// A binary that changed (by device, inode, size or time) is asked anew.
package actor EmulatorCatalog {
  /// Why a QEMU cannot be used.
  package enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
    case notFound(program: String)
    case unusable(program: String, why: String)

    package var description: String {
      switch self {
      case .notFound(let program) where program.contains("/"):
        "there is no QEMU at \(program)\n  Correct the key 'qemu' or QEMUVM_QEMU."
      case .notFound(let program):
        """
        \(program) is not in PATH
          Install it (Debian: apt-get install qemu-system-x86), or name a binary with the key 'qemu' or QEMUVM_QEMU.
        """
      case .unusable(let program, let why):
        "\(program) cannot be used as QEMU: \(why)"
      }
    }
  }

  private let folder: String
  private let standard: String
  private let searchPath: String
  private var known: [String: (identity: String, emulator: Emulator)] = [:]
  private var underWay: [String: Task<Result<Emulator, Failure>, Never>] = [:]

  /// Keeps answers in `folder`; `standard` is the binary of a VM that names none.
  package init(folder: String, environment: [String: String]) {
    self.folder = folder
    let named = environment["QEMUVM_QEMU"] ?? ""
    standard = named.isEmpty ? Self.customaryProgram : named
    searchPath = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
  }

  /// QEMU for this host's own processor.
  private static var customaryProgram: String {
    #if arch(arm64)
      "qemu-system-aarch64"
    #else
      "qemu-system-x86_64"
    #endif
  }

  /// What a binary is; nil names the standard one.
  package func emulator(_ named: String?) async throws(Failure) -> Emulator {
    let path = try find(named ?? standard)
    let identity: String
    do throws(SystemError) {
      identity = try FileSystem.identity(of: path)
    } catch {
      throw .unusable(program: path, why: error.reason)
    }
    if let entry = known[path], entry.identity == identity { return entry.emulator }
    let key = "\(path) \(identity)"
    let task = underWay[key] ?? Task { await self.learn(path, identity) }
    underWay[key] = task
    let result = await task.value
    underWay[key] = nil
    let emulator = try result.get()
    known[path] = (identity, emulator)
    return emulator
  }

  private func find(_ program: String) throws(Failure) -> String {
    let candidates =
      program.contains("/") ? [program] : searchPath.split(separator: ":").map { "\($0)/\(program)" }
    guard let path = candidates.first(where: { access($0, X_OK) == 0 && !FileSystem.isDirectory($0) }) else {
      throw .notFound(program: program)
    }
    return path
  }

  private func learn(_ path: String, _ identity: String) async -> Result<Emulator, Failure> {
    let file = folder + "/" + path.dropFirst().replacing("/", with: "%").suffix(200) + ".json"
    if let kept = Self.read(file, identity) { return .success(kept) }
    do throws(Failure) {
      let emulator = try await Self.ask(path)
      let value: JSONObject = ["identity": .string(identity), "emulator": .object(emulator.json)]
      do throws(SystemError) {
        try FileSystem.makeDirectory(folder)
        try FileSystem.replace(file, with: JSONValue.object(value).bytes(), durable: false)
      } catch {
        Log.note("what \(path) is could not be kept: \(error)")
      }
      return .success(emulator)
    } catch {
      return .failure(error)
    }
  }

  private static func read(_ file: String, _ identity: String) -> Emulator? {
    // Whatever is wrong with it, the binary can be asked again.
    guard let value = (try? FileSystem.read(file)).flatMap({ try? JSONValue(parsing: $0) }),
      value["identity"]?.string == identity, let emulator = value["emulator"]?.object
    else { return nil }
    return try? Emulator(json: .object(emulator))
  }

  private static func ask(_ path: String) async throws(Failure) -> Emulator {
    let answer: Result<Emulator, EmulatorProbe.Silence>
    do throws(SystemError) {
      answer = try await offQueue { () throws(SystemError) in try EmulatorProbe(path: path).answers() }
    } catch {
      throw .unusable(program: path, why: "\(error)")
    }
    switch answer {
    case .success(let emulator): return emulator
    case .failure(let silence): throw .unusable(program: path, why: silence.description)
    }
  }
}
