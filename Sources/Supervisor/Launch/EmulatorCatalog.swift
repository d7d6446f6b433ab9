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

    /// The file system it lies on hangs.
    case silent(program: String, for: Duration)

    package var description: String {
      switch self {
      case .notFound(let program) where program.contains("/"): "there is no QEMU at \(program)"
      case .notFound(let program): "\(program) is not in PATH"
      case .unusable(let program, let why): "\(program) cannot be used as QEMU: \(why)"
      case .silent(let program, let time): "no answer from \(program) for \(time.seconds) s"
      }
    }

    /// What to do next, a sentence each.
    package var advice: [String] {
      switch self {
      case .notFound(let program) where program.contains("/"):
        ["Correct the key 'qemu' or QEMUVM_QEMU."]
      case .notFound:
        [
          "Install it (Debian: apt-get install qemu-system-x86), or name a binary with the key 'qemu' or QEMUVM_QEMU."
        ]
      case .unusable: ["Name another with the key 'qemu' or QEMUVM_QEMU."]
      case .silent:
        [
          "The file system that it lies on, or a folder of PATH before it, may be a mount whose server is gone."
        ]
      }
    }
  }

  /// How long the file system of a binary may take, and the binary itself once it is started.
  private static let patience = Duration.seconds(10)
  private static let probePatience = EmulatorProbe.patience + patience

  private let folder: String
  private let standard: String
  private let searchPath: String
  private let lanes: Lanes
  private var known: [String: (identity: String, emulator: Emulator)] = [:]
  private var underWay: [String: Task<Result<Emulator, Failure>, Never>] = [:]

  /// Keeps answers in `folder`; `standard` is the binary of a VM that names none.
  init(folder: String, environment: [String: String], lanes: Lanes = Lanes()) {
    self.folder = folder
    self.lanes = lanes
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
    let (program, searchPath) = (named ?? standard, searchPath)
    let lane = lanes["the program \(program)"]
    let found = await lane.run(within: Self.patience) {
      Result { () throws(Failure) in try Self.find(program, searchPath) }
    }
    guard let (path, identity) = try found?.get() else {
      throw .silent(program: program, for: Self.patience)
    }
    if let entry = known[path], entry.identity == identity { return entry.emulator }
    let key = "\(path) \(identity)"
    let task = underWay[key] ?? Task { await self.learn(path, identity, lane) }
    underWay[key] = task
    let result = await task.value
    underWay[key] = nil
    let emulator = try result.get()
    known[path] = (identity, emulator)
    return emulator
  }

  /// Blocks.
  private static func find(
    _ program: String, _ searchPath: String
  ) throws(Failure) -> (path: String, identity: String) {
    let candidates =
      program.contains("/") ? [program] : searchPath.split(separator: ":").map { "\($0)/\(program)" }
    guard let path = candidates.first(where: { access($0, X_OK) == 0 && !FileSystem.isDirectory($0) }) else {
      throw .notFound(program: program)
    }
    do throws(SystemError) {
      return (path, try FileSystem.identity(of: path))
    } catch {
      throw .unusable(program: path, why: error.reason)
    }
  }

  private func learn(_ path: String, _ identity: String, _ lane: Lane) async -> Result<Emulator, Failure> {
    let folder = folder
    return await lane.run(within: Self.probePatience) { Self.learn(path, identity, folder) }
      ?? .failure(.silent(program: path, for: Self.probePatience))
  }

  /// Blocks.
  private static func learn(_ path: String, _ identity: String, _ folder: String) -> Result<Emulator, Failure>
  {
    let file = folder + "/" + path.dropFirst().replacing("/", with: "%").suffix(200) + ".json"
    if let kept = read(file, identity) { return .success(kept) }
    let answer = ask(path)
    guard case .success(let emulator) = answer else { return answer }
    let value: JSONObject = ["identity": .string(identity), "emulator": .object(emulator.json)]
    do throws(SystemError) {
      try FileSystem.makeDirectory(folder)
      try FileSystem.replace(file, with: JSONValue.object(value).bytes(), durable: false)
    } catch {
      Log.note("what \(path) is could not be kept: \(error)")
    }
    return answer
  }

  private static func read(_ file: String, _ identity: String) -> Emulator? {
    // Whatever is wrong with it, the binary can be asked again.
    guard let value = (try? FileSystem.read(file)).flatMap({ try? JSONValue(parsing: $0) }),
      value["identity"]?.string == identity, let emulator = value["emulator"]?.object
    else { return nil }
    return try? Emulator(json: .object(emulator))
  }

  private static func ask(_ path: String) -> Result<Emulator, Failure> {
    do throws(SystemError) {
      return try EmulatorProbe(path: path).answers().mapError {
        .unusable(program: path, why: $0.description)
      }
    } catch {
      return .failure(.unusable(program: path, why: "\(error)"))
    }
  }
}
