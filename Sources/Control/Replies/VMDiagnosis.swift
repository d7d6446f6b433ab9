package import JSON

/// What became of a VM, why, and what to do: the reply to `query-why`, and `why VM --json`.
package struct VMDiagnosis: Sendable {
  package var name: FullName

  /// One sentence for a person who was woken up.
  package var verdict: String

  /// Nil of a VM that has been taken down.
  package var state: Word<VMState>?
  package var desired: Word<DesiredState>?
  package var cause: String
  package var ending: Word<EndingKind>?
  package var restarts: Int

  /// The last records, the oldest first.
  package var timeline: [LedgerRecord] = []

  /// The last lines of the VM's logs.
  package var qemuLog: [String] = []
  package var console: [String] = []

  /// What stood last on the console of the guest that failed.
  package var failedConsole: [String] = []
  package var advice: [String] = []

  package init(
    name: FullName, verdict: String, state: Word<VMState>? = nil, desired: Word<DesiredState>? = nil,
    cause: String = "", ending: Word<EndingKind>? = nil, restarts: Int = 0
  ) {
    self.name = name
    self.verdict = verdict
    self.state = state
    self.desired = desired
    self.cause = cause
    self.ending = ending
    self.restarts = restarts
  }
}

extension VMDiagnosis: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    self.init(
      name: try FullName(members), verdict: try members.required("verdict"),
      state: try members.optional("state"), desired: try members.optional("desired"),
      cause: try members.optional("cause") ?? "", ending: try members.optional("ending"),
      restarts: try members.optional("restarts") ?? 0)
    // A record of another version that cannot be read here is left out.
    let records: [JSONValue] = try members.optional("timeline") ?? []
    timeline = records.compactMap { try? LedgerRecord(json: $0) }
    qemuLog = try members.optional("qemuLog") ?? []
    console = try members.optional("console") ?? []
    failedConsole = try members.optional("failedConsole") ?? []
    advice = try members.optional("advice") ?? []
  }

  package var json: JSONValue {
    [
      "name": .string(name.name), "lab": JSONValue(text: name.lab), "verdict": .string(verdict),
      "state": JSONValue(text: state?.text), "desired": JSONValue(text: desired?.text),
      "cause": .string(cause), "ending": JSONValue(text: ending?.text), "restarts": JSONValue(restarts),
      "timeline": .array(timeline.map { .object($0.json) }), "qemuLog": JSONValue(texts: qemuLog),
      "console": JSONValue(texts: console), "failedConsole": JSONValue(texts: failedConsole),
      "advice": JSONValue(texts: advice),
    ]
  }
}
