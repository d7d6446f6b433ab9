internal import Glibc
internal import Host
internal import JSON
package import Machine
internal import QMP

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
        "\(program) is no QEMU that qemuvm can use: \(why)"
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

  /// Starts the binary without a machine and asks it over QMP.
  private static func ask(_ path: String) async throws(Failure) -> Emulator {
    let answer: Result<Emulator, Failure>
    do throws(SystemError) {
      answer = try await converse(with: path)
    } catch {
      throw .unusable(program: path, why: "\(error)")
    }
    return try answer.get()
  }

  private static func converse(with path: String) async throws(SystemError) -> Result<Emulator, Failure> {
    let pair = try UnixSocket.pair()
    let errors = try FileDescriptor.pipe()
    var child = ChildProcess.Launch(
      program: path,
      arguments: [
        "-M", "none", "-nodefaults", "-no-user-config", "-display", "none", "-S",
        "-chardev", "socket,id=mon,fd=3", "-mon", "chardev=mon,mode=control",
      ])
    child.descriptors = [2: errors.writeEnd.rawValue, 3: pair.second.rawValue]
    let process = try ChildProcess(child)
    let words = errors.takeReadEnd()
    let connection = QMPConnection(pair.takeFirst(), executor: QueueExecutor(label: "emulator"))
    let answer: Result<(QMPGreeting, [QueryMachines.MachineType]), QMPError>
    do throws(QMPError) {
      let greeting = try await connection.negotiate(deadline: .seconds(30))
      answer = .success((greeting, try await connection.execute(QueryMachines())))
      _ = try? await connection.execute(Quit())  // It may close the connection before it answers.
    } catch {
      process.signal(Signal.kill)
      answer = .failure(error)
    }
    await connection.close()
    _ = await offQueue { process.wait() }
    switch answer {
    case .success(let (greeting, machines)):
      return .success(Emulator(path: path, greeting: greeting, machines: machines))
    case .failure(let error):
      // Its own words, if it had any, say more than the silence that followed.
      let said = String(decoding: try words.read(upTo: 4096), as: UTF8.self)
      let why = said.split(separator: "\n").last.map(String.init) ?? "\(error)"
      return .failure(.unusable(program: path, why: why))
    }
  }
}

extension Emulator {
  fileprivate init(path: String, greeting: QMPGreeting, machines: [QueryMachines.MachineType]) {
    let version = greeting.version
    self.init(
      path: path, version: Version(major: version.major, minor: version.minor, micro: version.micro),
      machines: machines.map { MachineType(name: $0.name, alias: $0.alias, maxCPUs: $0.maximumCPUs) })
  }
}
