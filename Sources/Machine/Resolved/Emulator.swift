package import JSON

/// A QEMU binary as it described itself: asked once, then kept.
package struct Emulator: Sendable, Equatable {
  package let path: String
  package let version: Version
  /// The machine types, by name and by alias.
  package let machines: [String: MachineType]

  /// The CPU models, by name; none where it does not tell.
  package let cpuModels: Set<String>

  package struct Version: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let major: Int
    package let minor: Int
    package let micro: Int

    package init(major: Int, minor: Int, micro: Int) {
      self.major = major
      self.minor = minor
      self.micro = micro
    }

    package var description: String { "\(major).\(minor).\(micro)" }

    package static func < (left: Version, right: Version) -> Bool {
      (left.major, left.minor, left.micro) < (right.major, right.minor, right.micro)
    }
  }

  /// A machine type (QEMU: `query-machines`).
  package struct MachineType: Sendable, Equatable {
    package let name: String
    package let alias: String?
    package let maxCPUs: Int

    package init(name: String, alias: String? = nil, maxCPUs: Int) {
      self.name = name
      self.alias = alias
      self.maxCPUs = maxCPUs
    }
  }

  package init(path: String, version: Version, machines: [MachineType], cpuModels: Set<String> = []) {
    self.cpuModels = cpuModels
    self.path = path
    self.version = version
    self.machines = Dictionary(
      machines.flatMap { type in ([type.name] + (type.alias.map { [$0] } ?? [])).map { ($0, type) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// The program's name without its folder, for messages.
  package var program: String { path.split(separator: "/").last.map(String.init) ?? path }
}

extension Emulator: JSONDecodable {
  /// Reads what `json` gives.
  package init(json: JSONValue) throws(JSONTypeError) {
    let object = try JSONObject(json: json)
    self.init(
      path: try object.required("path"), version: try object.required("version"),
      machines: try object.required("machines"),
      cpuModels: Set(try object.required("cpuModels") as [String]))
  }

  package var json: JSONObject {
    let types = machines.filter { $0.key == $0.value.name }.sorted { $0.key < $1.key }.map(\.value)
    return [
      "path": .string(path), "version": .object(version.json),
      "machines": .array(types.map { .object($0.json) }),
      "cpuModels": .array(cpuModels.sorted().map(JSONValue.string)),
    ]
  }
}

extension Emulator.Version: JSONDecodable {
  /// Reads the form that QEMU's greeting and `query-version` have under `qemu`.
  package init(json: JSONValue) throws(JSONTypeError) {
    let object = try JSONObject(json: json)
    self.init(
      major: try object.required("major"), minor: try object.required("minor"),
      micro: try object.required("micro"))
  }

  package var json: JSONObject {
    ["major": JSONValue(major), "minor": JSONValue(minor), "micro": JSONValue(micro)]
  }
}

extension Emulator.MachineType: JSONDecodable {
  /// Reads one entry of the reply to `query-machines`.
  package init(json: JSONValue) throws(JSONTypeError) {
    let object = try JSONObject(json: json)
    self.init(
      name: try object.required("name"), alias: try object.optional("alias"),
      maxCPUs: try object.required("cpu-max"))
  }

  package var json: JSONObject {
    var object: JSONObject = ["name": .string(name), "cpu-max": JSONValue(maxCPUs)]
    object["alias"] = alias.map(JSONValue.init(_:))
    return object
  }
}
