internal import Control
internal import Glibc
internal import Host
internal import Inspection
internal import Machine

extension FirstBootPlaces {
  /// Those of a VM in a state folder.
  static func of(_ name: VMName, state: String) -> FirstBootPlaces {
    FirstBootPlaces(
      folder: DiskFolders.of(name, state: state).kept, ownKeys: state + "/ssh",
      hostAlias: "qemuvm-\(name.id)")
  }
}

/// The programs that make a disk for cloud-init; nil for one that is not there.
struct FirstBootTools: Sendable {
  let xorriso: HostTool?
  let keygen: HostTool?

  static func find(environment: [String: String]) -> FirstBootTools {
    FirstBootTools(
      xorriso: .find(.xorriso, environment: environment), keygen: .find(.keygen, environment: environment))
  }
}

extension FirstBootSeed {
  /// What is missing to make the disk, as far as that can be known before; nil when nothing is.
  func missing(_ tools: FirstBootTools) -> HostTool.Kind? {
    if tools.xorriso == nil, !FileSystem.exists(places.disk) { return .xorriso }
    let hasKeys = !hasSSH || ownKeys.isPresent && hostKeys.isPresent
    return tools.keygen == nil && !hasKeys ? .keygen : nil
  }

  /// Makes the disk, unless it is there with what it is to hold.
  ///
  /// It blocks. Secrets are in files of mode 0600 and in no argument.
  func prepare(_ tools: FirstBootTools) throws(HostTool.Failure) {
    do {
      try FileSystem.makeDirectory(places.folder)
      let files = files(try facts(tools))
      let content = files.flatMap { Array("\($0.name) \($0.bytes.count)\n".utf8) + $0.bytes }
      if try FileSystem.readIfPresent(places.content) == content,
        try FileSystem.presence(of: places.disk)
      {
        return
      }
      guard let xorriso = tools.xorriso else { throw HostTool.Failure.missing(.xorriso) }
      try make(files, xorriso)
      try FileSystem.replace(places.content, with: content, durable: true)
    } catch let error as HostTool.Failure {
      throw error
    } catch let error as SystemError {
      throw .system(error)
    } catch {
      throw .words("\(error)")
    }
  }

  private func make(_ files: [(name: String, bytes: [UInt8])], _ xorriso: HostTool) throws {
    let (draft, folder) = (
      FileSystem.temporaryName(for: places.disk), FileSystem.temporaryName(for: places.content)
    )
    // What stays is removed by the next supervisor.
    defer { for path in [draft, folder] { try? FileSystem.removeTree(path) } }
    try FileSystem.makeDirectory(folder)
    for file in files { try FileSystem.create(folder + "/" + file.name, with: file.bytes, durable: false) }
    // It is written into the file that is there, whose mode it keeps.
    try FileSystem.create(draft, with: [], durable: false)
    try xorriso.run(
      ["-no_rc", "-as", "mkisofs", "-o", draft, "-V", Self.label, "-J", "-R", folder])
    try FileSystem.sync(file: draft)
    try FileSystem.move(draft, to: places.disk)
  }

  // MARK: What only the host knows

  /// What the files that a definition names may have together, in bytes.
  private static let mostBytes = 16 << 20

  private func facts(_ tools: FirstBootTools) throws -> Facts {
    var facts = Facts(instance: try instance())
    var room = Self.mostBytes
    for path in setting.namedPaths {
      let bytes = try FileSystem.read(path, limit: room)
      room -= bytes.count
      facts.files[path] = bytes
    }
    if hasSSH {
      facts.ownKey = try ownKeys.keys(tools.keygen).shown
      let alias = places.hostAlias
      facts.hostKey = try hostKeys.keys(tools.keygen) { key in
        let words = key.split(separator: " ").prefix(2).joined(separator: " ")
        return [(FileSystem.name(of: places.knownHosts), "\(alias) \(words)\n")]
      }
    }
    return facts
  }

  /// The same for as long as the VM's disks are kept.
  private func instance() throws(SystemError) -> String {
    if let kept = try FileSystem.readIfPresent(places.instance), !kept.isEmpty {
      return String(decoding: kept, as: UTF8.self)
    }
    var random = SystemRandomNumberGenerator()
    let instance = "iid-\(UUID.random(using: &random))"
    try FileSystem.replace(places.instance, with: Array(instance.utf8), durable: true)
    return instance
  }

  private var ownKeys: KeyPair {
    KeyPair(folder: places.ownKeys, name: FileSystem.name(of: places.identity), comment: "qemuvm")
  }

  private var hostKeys: KeyPair {
    KeyPair(
      folder: places.hostKeys, name: FileSystem.name(of: places.hostKey), comment: places.hostAlias)
  }
}

extension HostTool.Failure {
  /// What is said of a start that it has hindered.
  func refusal(_ vm: VMName) -> ControlError {
    let (why, advice): (String, [String]) =
      switch self {
      case .missing(let kind): ("'\(kind.program)' is not found in PATH", [kind.advice])
      case .words(let words): (words, [])
      case .system(let error):
        ("\(error)", [ENOSPC, EDQUOT].contains(error.code) ? ["Make room there, and start it again."] : [])
      }
    return .cannot("start", vm, "cloudInit: its disk cannot be made: \(why)", .file, advice: advice)
  }
}
