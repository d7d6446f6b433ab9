package import JSON

/// What a changing command does to a VM, or would do.
package enum VMAction: String, Sendable {
  case create, update, start, stop, restart, pause, unpause, reset
}

/// The reply to a changing command: the VM as it is once the wish is durable, and what is done.
package struct VMReply: Sendable, Equatable {
  package var status: VMStatus
  package var change: VMChange
  package var actions: [Word<VMAction>]

  /// The files of its profiles, the nearest first; `builtin:NAME.json5` for one that is built in.
  package var profileFiles: [String]

  /// What `update` is about: what the definition has now that it had not before, a sentence each.
  package var differences: [String]

  /// Those of them that take effect in a guest that runs.
  package var applied: [String] = []

  /// What waits for the next start, a sentence each.
  package var pending: [String]

  /// Why the guest that runs has not taken what it could have, and runs as it did; nil where nothing was refused.
  package var refusal: String?

  /// Of a dry run: what the guest's cloud-init would be told, in words; nil where it has none.
  package var cloudInit: String?

  /// Of a dry run: the programs that would run beside its QEMU, each with what for.
  package var helpers: [String] = []

  /// Its cards on networks of its lab, as a dry run of the whole lab tells them.
  package var networks: [NetworkReport.Card] = []

  package init(
    status: VMStatus, change: VMChange, actions: [VMAction], profileFiles: [String] = [],
    differences: [String] = [], pending: [String] = [], cloudInit: String? = nil
  ) {
    self.status = status
    self.change = change
    self.actions = actions.map { Word($0) }
    self.profileFiles = profileFiles
    self.differences = differences
    self.pending = pending
    self.cloudInit = cloudInit
  }

  package var name: FullName { status.name }

  package func does(_ action: VMAction) -> Bool { actions.contains(Word(action)) }
}

extension VMReply: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    status = try VMStatus(members)
    change = try VMChange(members)
    actions = try members.optional("actions") ?? []
    profileFiles = try members.optional("profileFiles") ?? []
    differences = try members.optional("differences") ?? []
    applied = try members.optional("applied") ?? []
    pending = try members.optional("pending") ?? []
    refusal = try members.optional("refusal")
    cloudInit = try members.optional("cloudInit")
    helpers = try members.optional("helpers") ?? []
    networks = try members.optional("networks") ?? []
  }

  /// The status with what is told of a change beside it.
  package var json: JSONObject {
    var members = status.json
    for (key, value) in change.json where members[key] == nil { members[key] = value }
    members["actions"] = JSONValue(texts: actions.map(\.text))
    members["profileFiles"] = JSONValue(texts: profileFiles)
    members["differences"] = JSONValue(texts: differences)
    members["applied"] = JSONValue(texts: applied)
    members["pending"] = JSONValue(texts: pending)
    if let refusal { members["refusal"] = .string(refusal) }
    members["cloudInit"] = JSONValue(text: cloudInit)
    members["helpers"] = JSONValue(texts: helpers)
    if !networks.isEmpty { members["networks"] = .array(networks.map { .object($0.json) }) }
    return members
  }
}
