internal import Control
internal import Host
internal import JSON
package import Machine

/// What a VM is: `definition.json` in its folder.
///
/// The definition is the user's own words; the settings are those with the profiles merged in, so that a restart
/// after a crash needs no file of the lab's.
package struct VMRecord: Sendable, Equatable {
  package let uuid: UUID
  package let definition: VMDefinition

  /// What relative paths in the definition stand on.
  package let directory: String

  /// The lab file it came from; nil for a VM that came from the command line or a client.
  package let file: String?

  /// The definition with its profiles merged in.
  package let flat: FlatDefinition

  /// The files of the profiles that were merged in, the nearest first, `builtin:NAME.json5` for one that is built in;
  /// empty where that was not kept.
  package let profileFiles: [String]

  /// Where its devices are; nil for one that has just been written and has not been resolved.
  package var addresses: AddressPlan?

  /// The process at whose end it goes; nil for a VM that stays.
  package var holder: Holder?

  package init(
    uuid: UUID, definition: VMDefinition, directory: String, file: String?, flat: FlatDefinition,
    profileFiles: [String] = [], addresses: AddressPlan? = nil
  ) {
    self.uuid = uuid
    self.definition = definition
    self.directory = directory
    self.file = file
    self.flat = flat
    self.profileFiles = profileFiles
    self.addresses = addresses
  }

  /// Why a `definition.json` cannot be used.
  package struct Unreadable: Error, Sendable, Equatable, CustomStringConvertible {
    package let file: String
    package let why: String

    /// Whether another version of qemuvm has written it: then it is not written over.
    package var isOtherVersion = false

    package var description: String {
      let wayOut =
        isOtherVersion
        ? "use the qemuvm that wrote it, or remove the VM with 'rm'"
        : "bring the VM up with its definition again, or remove it with 'rm'"
      return "\(file) cannot be read: \(why); \(wayOut)"
    }
  }

  var json: JSONObject {
    var object: JSONObject = [
      "format": JSONValue(StateDirectory.version), "uuid": .string("\(uuid)"),
      "definition": .object(definition.json), "directory": .string(directory),
      "file": file.map { .string($0) } ?? .null, "settings": .object(flat.json),
      "profileFiles": .array(profileFiles.map { .string($0) }),
      "addresses": addresses?.json ?? .null,
    ]
    object["holder"] = holder?.json
    return object
  }

  func bytes() -> [UInt8] { Array((JSONValue.object(json).pretty() + "\n").utf8) }

  init(parsing bytes: [UInt8], file path: String) throws(Unreadable) {
    let json: JSONValue
    do throws(JSONSyntaxError) {
      json = try JSONValue(parsing: bytes)
    } catch {
      throw Unreadable(file: path, why: "\(error)")
    }
    try self.init(json: json, file: path)
  }

  /// Reads what `json` gives; `path` is the file that it is read from.
  init(json: JSONValue, file path: String) throws(Unreadable) {
    do {
      let object = try JSONObject(json: json)
      let format: Int = try object.required("format")
      guard format == StateDirectory.version else {
        throw Unreadable(
          file: path, why: "its version is \(format), this qemuvm knows \(StateDirectory.version)",
          isOtherVersion: true)
      }
      guard let identity = UUID(try object.required("uuid")) else {
        throw Unreadable(file: path, why: "its uuid is not a UUID")
      }
      uuid = identity
      definition = try VMDefinition(json: .object(try object.required("definition")))
      directory = try object.required("directory")
      file = try object.optional("file")
      let files: [JSONValue] = try object.optional("profileFiles") ?? []
      profileFiles = files.compactMap(\.string)
      flat = try FlatDefinition(json: .object(try object.required("settings")), name: definition.name)
      holder = try object.optional("holder")
      addresses =
        object["addresses"] == nil
        ? AddressPlan(earlierVersionOf: flat) : try object.optional("addresses")
    } catch let error as Unreadable {
      throw error
    } catch {
      throw Unreadable(file: path, why: "\(error)")
    }
  }

  var profile: String { definition.profile }
  var restartPolicy: RestartPolicy { flat.restartPolicy }
  var stopTimeout: Duration { flat.stopTimeout }

  /// The record with the devices where a launch has put them, or where they have been so far.
  func placed(by launch: Launch?, after earlier: VMRecord?) -> VMRecord {
    var record = self
    record.addresses = launch?.machine.addresses ?? addresses ?? earlier?.addresses
    return record
  }

  /// Whether the other would make the same machine.
  func isSame(as other: VMRecord) -> Bool {
    flat.settings == other.flat.settings && directory == other.directory && file == other.file
      && definition.hasSameMeaning(as: other.definition)
  }

  /// A lab remembers its file: another one with the same lab's name is refused.
  func refuseOtherLabFile(_ other: VMRecord, _ name: VMName) throws(ControlError) {
    guard let file, let otherFile = other.file, file != otherFile else { return }
    throw .otherLabFile(name.lab ?? "", owner: file, file: otherFile)
  }
}
