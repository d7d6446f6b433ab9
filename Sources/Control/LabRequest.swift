package import JSON
internal import QMP

/// A lab as its file defines it, whole: what `lab-up` is given.
package struct LabDefinition: Sendable, Equatable {
  package var lab: String

  /// Where it was read from, as an absolute path; the lab is this file's from then on.
  package var file: String?

  /// What relative paths in the definitions start at.
  package var directory: String

  /// The lab's private networks, as written.
  package var networks: JSONObject

  /// Each VM's definition, in the order of the file.
  package var vms: [JSONObject]

  package init(
    lab: String, file: String?, directory: String, networks: JSONObject = [:], vms: [JSONObject]
  ) {
    self.lab = lab
    self.file = file
    self.directory = directory
    self.networks = networks
    self.vms = vms
  }
}

/// Which VMs a command for several is about.
package enum VMSet: Sendable, Equatable {
  /// All of a lab, which must belong to the file where one is named.
  case lab(String, file: String?)
  case vms([VMReference])
}

/// What a command for several VMs came to, one by one, in their order.
package struct FleetReply: Sendable {
  package struct Entry: Sendable {
    /// The VM as the request or the supervisor names it: `shop/web`.
    package var name: String
    package var result: Result<JSONObject, ControlError>

    package init(_ name: String, _ result: Result<JSONObject, ControlError>) {
      (self.name, self.result) = (name, result)
    }
  }

  package var entries: [Entry]

  package init(_ entries: [Entry]) {
    self.entries = entries
  }
}

// MARK: - On the wire

extension LabDefinition {
  init(_ given: inout RequestArguments) throws(ControlError) {
    let vms: [JSONObject] = try given.required("vms")
    self.init(
      lab: try given.required("lab"), file: try given.optional("file"),
      directory: try given.required("directory"), networks: try given.optional("networks") ?? [:], vms: vms)
  }

  var arguments: JSONObject {
    var members: JSONObject = ["lab": .string(lab)]
    members["file"] = file.map { .string($0) }
    members["directory"] = .string(directory)
    if !networks.isEmpty { members["networks"] = .object(networks) }
    members["vms"] = .array(vms.map { .object($0) })
    return members
  }
}

extension VMSet {
  /// `lab`, perhaps with `file`; or `vms`, a list of names and of objects `{name, file}`.
  init(_ given: inout RequestArguments) throws(ControlError) {
    let lab: String? = try given.optional("lab")
    let vms: [JSONValue]? = try given.optional("vms")
    switch (lab, vms) {
    case (let lab?, nil): self = .lab(lab, file: try given.optional("file"))
    case (nil, let vms?):
      var references: [VMReference] = []
      for vm in vms { references.append(try VMReference(inList: vm)) }
      self = .vms(references)
    case (nil, nil): throw ControlError(.failed, "Parameter 'lab' or 'vms' is missing")
    case (_?, _?): throw ControlError(.failed, "Parameter 'lab' cannot stand beside 'vms'")
    }
  }

  var arguments: JSONObject {
    switch self {
    case .lab(let lab, let file):
      var members: JSONObject = ["lab": .string(lab)]
      members["file"] = file.map { .string($0) }
      return members
    case .vms(let vms): return ["vms": .array(vms.map(\.inList))]
    }
  }
}

extension VMReference {
  fileprivate init(inList value: JSONValue) throws(ControlError) {
    if let name = value.string {
      self.init(name)
      return
    }
    guard let object = value.object else {
      throw ControlError(.failed, "Invalid parameter 'vms': expected names or objects, found \(value)")
    }
    var given = RequestArguments(object)
    self = try given.vm()
    try given.finish()
  }

  fileprivate var inList: JSONValue {
    guard let file else { return .string(name) }
    return ["name": .string(name), "file": .string(file)]
  }
}

extension FleetReply {
  /// A list of `{name, return}` and `{name, error}`, as replies of QMP are.
  package var json: JSONValue {
    .array(
      entries.map { entry in
        switch entry.result {
        case .success(let object): ["name": .string(entry.name), "return": .object(object)]
        case .failure(let error): ["name": .string(entry.name), "error": error.reply.json]
        }
      })
  }

  /// Reads what `json` gives; what cannot be told is a failure of that VM.
  package init(json: JSONValue) {
    self.init(
      (json.array ?? []).map { entry in
        let name = entry["name"]?.string ?? ""
        if let object = entry["return"]?.object { return Entry(name, .success(object)) }
        do throws(JSONTypeError) {
          let members = try JSONObject(json: entry)
          return Entry(name, .failure(ControlError(try members.required("error", as: QMPErrorReply.self))))
        } catch {
          return Entry(
            name, .failure(ControlError(.failed, "the supervisor's reply cannot be read: \(error)")))
        }
      })
  }
}
