package import JSON

/// What is told of a VM whose state has changed: the data of VM_STATE_CHANGED, and what a reply to a changing command
/// has as well.
package struct VMChange: Sendable, Equatable {
  package var name: FullName
  package var state: Word<VMState>
  package var desired: Word<DesiredState>

  /// One sentence, for a person.
  package var cause: String?

  /// Why the guest ended, or could not start, while that is what the state is a consequence of.
  package var ending: Word<EndingKind>?

  /// Why the vCPUs do not run, in the state `paused`.
  package var pause: Word<PauseKind>?
  package var health: Word<Health>

  /// The number of the user's commands on this VM up to this change.
  package var wish: Int
  package var pid: Int32?
  package var accelerator: String?

  /// The VMs that it waits for, in the state `waiting`; nil of one that waits for none.
  package var waitsFor: [WaitedFor]?

  package init(
    name: FullName, state: Word<VMState>, desired: Word<DesiredState> = Word(.stopped), cause: String? = nil,
    ending: Word<EndingKind>? = nil, pause: Word<PauseKind>? = nil, health: Word<Health> = Word(.none),
    wish: Int = 0, pid: Int32? = nil, accelerator: String? = nil
  ) {
    self.name = name
    self.state = state
    self.desired = desired
    self.cause = cause
    self.ending = ending
    self.pause = pause
    self.health = health
    self.wish = wish
    self.pid = pid
    self.accelerator = accelerator
  }

  package init(_ members: JSONObject) throws(JSONTypeError) {
    self.init(
      name: try FullName(members), state: try members.required("state"),
      desired: try members.optional("desired") ?? Word(.stopped), cause: try members.optional("cause"),
      ending: try members.optional("ending"), pause: try members.optional("pause"),
      health: try members.optional("health") ?? Word(.none), wish: try members.optional("wish") ?? 0,
      pid: try members.processNumber("pid"), accelerator: try members.optional("accelerator"))
    waitsFor = try members.optional("waitsFor")
  }

  package var json: JSONObject {
    [
      "name": .string(name.name), "lab": JSONValue(text: name.lab), "state": .string(state.text),
      "desired": .string(desired.text), "cause": JSONValue(text: cause), "health": .string(health.text),
      "wish": JSONValue(wish), "pid": pid.map { JSONValue($0) } ?? .null,
      "accelerator": JSONValue(text: accelerator), "ending": JSONValue(text: ending?.text),
      "pause": JSONValue(text: pause?.text), "waitsFor": waitsFor.json,
    ]
  }

  package var isWanted: Bool { desired.known == .running }

  /// Whether it waits for a VM that will not be so far by itself.
  package var isStuck: Bool { waitsFor?.contains(where: \.isStuck) ?? false }
}

/// What the supervisor tells of VMs by its events.
package enum VMEvent: Sendable, Equatable {
  /// VM_STATE_CHANGED.
  case changed(VMChange)

  /// VM_REMOVED, by the wish of that number or an earlier one.
  case removed(FullName, wish: Int)

  /// VM_MESSAGE: something that a person who waits should read; `gaveUp`, the last that there is to say.
  case message(FullName, String, gaveUp: Bool)
}
