internal import Host
internal import JSON
internal import Machine

/// What is kept of a lab as a whole: `labs/NAME.json` in the state folder.
///
/// A command for several VMs is promised by this file alone, in one step; what it still has to do to each VM stands in
/// `pending` until that VM's own folder has it. The definitions of VMs that are done are theirs to keep.
struct LabRecord: Sendable, Equatable {
  let lab: String

  /// The lab file that it belongs to; nil for a lab that a client has made without one.
  var file: String?

  /// What relative paths of its definitions start at.
  var directory: String
  var networks: JSONObject

  /// What is decided of them, by their names: it stays as it is while the lab lasts.
  var addresses: [String: NetworkAddresses] = [:]

  /// Its VMs, bare names, in the order in which they start.
  var vms: [String]

  /// What is promised and perhaps not done, by the VM's bare name.
  var pending: [String: Promise]

  /// Why a VM of the file could not be brought to its definition, by its bare name, in words.
  var refusals: [String: String]

  init(
    lab: String, file: String?, directory: String, networks: JSONObject = [:], vms: [String] = [],
    pending: [String: Promise] = [:], refusals: [String: String] = [:]
  ) {
    self.lab = lab
    self.file = file
    self.directory = directory
    self.networks = networks
    self.vms = vms
    self.pending = pending
    self.refusals = refusals
  }

  /// What one VM is to become.
  struct Promise: Sendable, Equatable {
    enum Wish: Sendable, Equatable {
      /// It is so defined, and runs.
      case up(VMRecord)
      case stop

      /// It stops, and nothing is left of it, with `disks` not even those.
      case down(disks: Bool)
    }

    /// The number of the wish on that VM: one that has come as far has been told.
    let number: Int
    let wish: Wish
  }

  /// Why a lab's file cannot be used.
  struct Unreadable: Error, Sendable, CustomStringConvertible {
    let file: String
    let why: String

    /// The lab's name, as the file is called.
    var lab: String { String(FileSystem.name(of: file).dropLast(5)) }

    /// Whether another version of qemuvm has written it: then it is not written over.
    var isOtherVersion = false

    var description: String {
      let wayOut =
        isOtherVersion
        ? "use the qemuvm that wrote it, or remove it"
        : "bring the lab up with its file again, or remove this one"
      return "\(file) cannot be read: \(why); \(wayOut)"
    }
  }
}

// MARK: - On disk

extension LabRecord {
  func bytes() -> [UInt8] {
    let object: JSONObject = [
      "format": JSONValue(StateDirectory.version), "lab": .string(lab),
      "file": file.map { .string($0) } ?? .null, "directory": .string(directory),
      "networks": .object(networks), "vms": .array(vms.map { .string($0) }),
      "pending": .object(
        JSONObject(pending.sorted { $0.key < $1.key }.map { ($0.key, .object($0.value.json)) })),
      "addresses": .object(
        JSONObject(addresses.sorted { $0.key < $1.key }.map { ($0.key, $0.value.json) })),
      "refusals": .object(
        JSONObject(refusals.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
    ]
    return JSONValue.object(object).bytes() + [UInt8(ascii: "\n")]
  }

  init(parsing bytes: [UInt8], file path: String) throws(Unreadable) {
    do {
      let object = try JSONObject(json: try JSONValue(parsing: bytes))
      let format: Int = try object.required("format")
      guard format == StateDirectory.version else {
        throw Unreadable(
          file: path, why: "its version is \(format), this qemuvm knows \(StateDirectory.version)",
          isOtherVersion: true)
      }
      let pending: JSONObject = try object.optional("pending") ?? [:]
      let refusals: JSONObject = try object.optional("refusals") ?? [:]
      self.init(
        lab: try object.required("lab"), file: try object.optional("file"),
        directory: try object.required("directory"), networks: try object.optional("networks") ?? [:],
        vms: try object.required("vms"),
        pending: Dictionary(
          try pending.map { ($0.key, try Promise(json: $0.value, file: path)) }, uniquingKeysWith: { $1 }),
        refusals: Dictionary(
          refusals.compactMap { key, value in value.string.map { (key, $0) } }, uniquingKeysWith: { $1 }))
      let addresses: JSONObject = try object.optional("addresses") ?? [:]
      for (name, value) in addresses { self.addresses[name] = NetworkAddresses(json: value) }
    } catch let error as Unreadable {
      throw error
    } catch {
      throw Unreadable(file: path, why: "\(error)")
    }
  }
}

extension LabRecord.Promise {
  fileprivate var json: JSONObject {
    switch wish {
    case .up(let record): ["number": JSONValue(number), "wish": "up", "record": .object(record.json)]
    case .stop: ["number": JSONValue(number), "wish": "stop"]
    case .down(let disks): ["number": JSONValue(number), "wish": "down", "disks": .bool(disks)]
    }
  }

  fileprivate init(json: JSONValue, file path: String) throws {
    let object = try JSONObject(json: json)
    let number: Int = try object.required("number")
    switch try object.required("wish", as: String.self) {
    case "up":
      self.init(number: number, wish: .up(try VMRecord(json: try object.required("record"), file: path)))
    case "down": self.init(number: number, wish: .down(disks: try object.required("disks")))
    case "stop": self.init(number: number, wish: .stop)
    case let other: throw LabRecord.Unreadable(file: path, why: "nobody knows the wish '\(other)'")
    }
  }
}

/// The files of all labs in the state folder.
///
/// Any thread; it blocks.
struct LabFolder: Sendable, Equatable {
  let path: String

  func file(of lab: String) -> String { path + "/" + lab + ".json" }

  /// Promises what the record says: it is there whole and durable, or nothing has changed.
  func promise(_ record: LabRecord) throws(FolderChange.Failure) {
    try FolderChange.perform(in: path) { change throws(SystemError) in
      try change.put(record.lab + ".json", record.bytes())
    }
  }

  /// Forgets the lab, durably; needs no space.
  func remove(_ lab: String) throws(SystemError) {
    if try FileSystem.remove(file(of: lab)) { try FileSystem.sync(directory: path) }
  }

  /// Makes durable what has become of a lab.
  ///
  /// A file that cannot be written goes: what it still promises is done.
  func settle(_ record: LabRecord) throws(SystemError) {
    do throws(FolderChange.Failure) {
      try promise(record)
    } catch {
      Log.note("\(record.lab): \(file(of: record.lab)) could not be written: \(error.error)")
      try remove(record.lab)
    }
  }

  /// All labs that are kept; one whose file cannot be read is told of and left alone.
  func all() throws(SystemError) -> (records: [LabRecord], unreadable: [LabRecord.Unreadable]) {
    var records: [LabRecord] = []
    var unreadable: [LabRecord.Unreadable] = []
    for name in try FileSystem.names(in: path) {
      let file = path + "/" + name
      if FileSystem.isTemporary(name) {
        // What was to take a file's place and did not come to it is in nobody's way.
        _ = try? FileSystem.remove(file)
        continue
      }
      guard name.hasSuffix(".json") else { continue }
      do throws(SystemError) {
        let bytes = try FileSystem.read(file)
        do throws(LabRecord.Unreadable) {
          records.append(try LabRecord(parsing: bytes, file: file))
        } catch {
          unreadable.append(error)
        }
      } catch {
        unreadable.append(LabRecord.Unreadable(file: file, why: error.reason))
      }
    }
    return (records, unreadable)
  }
}
