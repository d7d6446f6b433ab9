package import Host
internal import JSON

/// The supervisor's state folder: whose it is, which version, and which VMs are in it.
///
/// A folder of another machine (a shared home) or of a later version is refused. Any thread; it blocks.
package struct StateDirectory: Sendable {
  /// Why a state folder cannot be used.
  package enum Refusal: Error, Sendable, Equatable, CustomStringConvertible {
    case unusable(SystemError)
    case otherMachine(folder: String, machine: String)
    case unknownVersion(file: String, version: String)

    package var description: String {
      switch self {
      case .unusable(let error):
        "the state folder cannot be used: \(error)\n  Make it writable, or name another with QEMUVM_STATE_DIR."
      case .otherMachine(let folder, let machine):
        """
        the state in \(folder) belongs to another machine (\(machine) in /etc/machine-id)
          Name a folder of this machine's own with QEMUVM_STATE_DIR.
        """
      case .unknownVersion(let file, let version):
        """
        \(file) has version \(version), this qemuvm knows \(StateDirectory.version)
          Use the qemuvm that wrote it, or name another folder with QEMUVM_STATE_DIR.
        """
      }
    }
  }

  /// The version of every file in the folder.
  package static let version = 1

  /// The folder's path, without symbolic links: as /proc names it.
  package let path: String

  /// What tells this machine from others, machine-id(5); read once, for the UUIDs of VMs rest on it.
  ///
  /// Empty where there is none.
  let machine: String

  /// Opens the folder, making it when it is not there.
  package init(at given: String) throws(Refusal) {
    do throws(SystemError) {
      try FileSystem.makeDirectory(given)
      path = try FileSystem.resolved(given)
      try FileSystem.makeDirectory(path + "/vms")
      try FileSystem.makeDirectory(path + "/labs")
      try FileSystem.makeDirectory(path + "/networks")
      machine = try FileSystem.readIfPresent("/etc/machine-id").map(Self.word) ?? ""
    } catch {
      throw .unusable(error)
    }
    try claim()
  }

  /// Checks whose folder it is, and writes it down in a new one.
  ///
  /// A file that says nothing (torn by a crash, or damaged) is written anew: it is no reason to leave guests alone.
  private func claim() throws(Refusal) {
    let file = path + "/format.json"
    let known: JSONValue?
    do throws(SystemError) {
      let bytes = try FileSystem.readIfPresent(file)
      known = bytes.flatMap { try? JSONValue(parsing: $0) }
      if known?.object == nil {
        if bytes != nil { Log.note("\(file) was damaged and is written anew") }
        let facts: JSONObject = ["format": JSONValue(Self.version), "machine": JSONValue(machine)]
        try FileSystem.replace(file, with: JSONValue.object(facts).bytes(), durable: true)
      }
    } catch {
      throw .unusable(error)
    }
    guard let facts = known, facts.object != nil else { return }
    guard facts["format"]?.int == Self.version else {
      throw .unknownVersion(file: file, version: facts["format"].map { "\($0)" } ?? "none")
    }
    guard let owner = facts["machine"]?.string, owner == machine else {
      throw .otherMachine(folder: path, machine: facts["machine"]?.string ?? "unknown")
    }
  }

  /// Where what is known of labs as a whole is kept.
  var labs: LabFolder { LabFolder(path: path + "/labs") }

  /// Where the networks of labs have their folders, each with its switch's lock and the ends of its cards.
  var networks: String { path + "/networks" }

  package func folder(of id: String) -> VMFolder {
    VMFolder(path: path + "/vms/" + id, id: id)
  }

  /// What stands where the folders of VMs are: each is one, or not even a folder, and may not answer.
  ///
  /// `leftovers` are creations that were never confirmed to anyone and removals that were, by the id of their VM.
  func folders() throws(SystemError) -> (vms: [VMFolder], leftovers: [(path: String, id: String)]) {
    let names = try FileSystem.names(in: path + "/vms")
    let leftovers = names.filter { $0.hasPrefix(".") }
    return (
      names.filter { !$0.hasPrefix(".") }.map(folder),
      leftovers.map { (path + "/vms/" + $0, VMFolder.id(ofLeftover: $0)) }
    )
  }

  /// What tells this boot from others; proc(5).
  package static var bootID: String {
    // The kernel has it at hand.
    SharedQueues.allowBlocking {
      // No such file: no such word.
      (try? FileSystem.read("/proc/sys/kernel/random/boot_id")).map(word) ?? ""
    }
  }

  private static func word(_ bytes: [UInt8]) -> String {
    String(decoding: bytes.filter { $0 > UInt8(ascii: " ") }, as: UTF8.self)
  }
}
