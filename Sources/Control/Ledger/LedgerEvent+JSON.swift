internal import Host
package import JSON

// The events as records hold them: a kind, and its facts; an absent value is null.
extension LedgerEvent {
  /// The record's `event`.
  package var kind: String {
    switch self {
    case .wish: "wish"
    case .state: "state"
    case .spawned: "spawned"
    case .exited: "exited"
    case .qmp: "qmp"
    case .supervisor: "supervisor"
    case .adopted: "adopted"
    case .gap: "gap"
    case .refused: "refused"
    case .message: "message"
    case .helper: "helper"
    case .removed: "removed"
    case .other(let kind, _): kind
    }
  }

  /// What stands beside the kind.
  var facts: JSONObject {
    switch self {
    case .wish(let verb, let wisher, let number):
      ["verb": .string(verb), "by": .string(wisher.rawValue), "wish": JSONValue(number)]
    case .state(let facts): facts.json
    case .spawned(let pid, let accelerator): ["pid": JSONValue(pid), "accelerator": text(accelerator)]
    case .exited(let facts): facts.json
    case .qmp(let event, let data, let count):
      ["qmp": .string(event), "data": .object(data), "count": JSONValue(count)]
    case .supervisor(let facts): facts.json
    case .adopted(let pid): ["pid": JSONValue(pid)]
    case .gap(let facts): facts.json
    case .refused(let facts):
      [
        "verb": .string(facts.verb), "reason": .string(facts.reason),
        "advice": .array(facts.advice.map { .string($0) }),
      ]
    case .message(let words): ["message": .string(words)]
    case .helper(let facts): facts.json
    case .removed: [:]
    case .other(_, let facts): facts
    }
  }

  /// Reads an event back; one that this version does not know, or cannot read, is kept as `other`.
  init(kind: String, facts: JSONObject) {
    do throws(JSONTypeError) {
      self = try Self.known(kind, facts) ?? .other(kind: kind, facts)
    } catch {
      self = .other(kind: kind, facts)
    }
  }

  private static func known(_ kind: String, _ facts: JSONObject) throws(JSONTypeError) -> LedgerEvent? {
    switch kind {
    case "wish":
      .wish(
        verb: try facts.required("verb"), by: try facts.required("by"), number: try facts.required("wish"))
    case "state": .state(try StateFacts(facts))
    case "spawned": .spawned(pid: try facts.number("pid"), accelerator: try facts.optional("accelerator"))
    case "exited": .exited(try ExitFacts(facts))
    case "qmp":
      .qmp(
        event: try facts.required("qmp"), data: try facts.optional("data") ?? [:],
        count: try facts.optional("count") ?? 1)
    case "supervisor": .supervisor(try SupervisorFacts(facts))
    case "adopted": .adopted(pid: try facts.number("pid"))
    case "gap": .gap(try GapFacts(facts))
    case "refused":
      .refused(
        RefusalFacts(
          verb: try facts.required("verb"), reason: try facts.required("reason"),
          advice: try facts.optional("advice") ?? []))
    case "message": .message(try facts.required("message"))
    case "helper": .helper(try HelperFacts(facts))
    case "removed": .removed
    default: nil
    }
  }
}

extension LedgerEvent.Wisher: JSONDecodable {}
extension LedgerEvent.SupervisorFacts.Action: JSONDecodable {}
extension LedgerEvent.HelperFacts.Action: JSONDecodable {}
extension EndingKind: JSONDecodable {}
extension RefusalKind: JSONDecodable {}
extension PauseKind: JSONDecodable {}

extension LedgerEvent.StateFacts {
  fileprivate var json: JSONObject {
    [
      "state": .string(state.rawValue), "desired": .string(desired.rawValue), "cause": .string(cause),
      "health": .string(health.rawValue), "pause": text(pause?.rawValue), "ending": text(ending?.rawValue),
      "restartCause": text(restartCause),
      "restarts": JSONValue(restarts),
    ]
  }

  fileprivate init(_ facts: JSONObject) throws(JSONTypeError) {
    self.init(
      state: try facts.required("state"), desired: try facts.required("desired"),
      cause: try facts.required("cause"), health: try facts.optional("health") ?? .none,
      pause: try facts.optional("pause"),
      ending: try facts.optional("ending"),
      restartCause: try facts.optional("restartCause"), restarts: try facts.optional("restarts") ?? 0)
  }
}

extension LedgerEvent.ExitFacts {
  package var json: JSONObject {
    let (code, signal) = exitNumbers(status)
    var members: JSONObject = [
      "pid": JSONValue(pid), "code": code, "signal": signal, "ending": text(ending?.rawValue),
      "stderr": .string(stderr), "ranSeconds": ranSeconds.map { .number($0) } ?? .null,
      "oomKills": oomKills.map { JSONValue($0) } ?? .null,
    ]
    if let refusal { members["refusal"] = .string(refusal.rawValue) }
    return members
  }

  package init(_ facts: JSONObject) throws(JSONTypeError) {
    self.init(
      pid: try facts.number("pid"), status: try facts.status() ?? .unknown,
      ending: try facts.optional("ending"), stderr: try facts.optional("stderr") ?? "",
      // A word of another version says nothing here.
      refusal: facts["refusal"]?.string.flatMap(RefusalKind.init(rawValue:)),
      ranSeconds: try facts.optional("ranSeconds"), oomKills: try facts.optional("oomKills"))
  }
}

extension LedgerEvent.SupervisorFacts {
  fileprivate var json: JSONObject {
    [
      "action": .string(action.rawValue), "why": text(why), "version": .string(version),
      "pid": JSONValue(pid), "boot": .string(boot),
    ]
  }

  fileprivate init(_ facts: JSONObject) throws(JSONTypeError) {
    self.init(
      action: try facts.required("action"), why: try facts.optional("why"),
      version: try facts.required("version"), pid: try facts.number("pid"), boot: try facts.required("boot"))
  }
}

extension LedgerEvent.GapFacts {
  fileprivate var json: JSONObject {
    [
      "since": text(since?.rfc3339), "seconds": seconds.map { .number($0) } ?? .null,
      "orderly": .bool(wasOrderly), "rebooted": .bool(hasRebooted), "tornBytes": JSONValue(tornBytes),
    ]
  }

  fileprivate init(_ facts: JSONObject) throws(JSONTypeError) {
    let since: String? = try facts.optional("since")
    self.init(
      since: since.flatMap { Timestamp(rfc3339: $0) }, seconds: try facts.optional("seconds"),
      wasOrderly: try facts.required("orderly"), hasRebooted: try facts.required("rebooted"),
      tornBytes: try facts.optional("tornBytes") ?? 0)
  }
}

extension LedgerEvent.HelperFacts {
  fileprivate var json: JSONObject {
    let (code, signal) = exitNumbers(status)
    return [
      "helper": .string(helper), "network": text(network), "action": .string(action.rawValue),
      "pid": pid.map { JSONValue($0) } ?? .null, "code": code, "signal": signal, "words": .string(words),
      "wished": .bool(isWished),
    ]
  }

  fileprivate init(_ facts: JSONObject) throws(JSONTypeError) {
    let pid: Int? = try facts.optional("pid")
    self.init(
      helper: try facts.required("helper"), network: try facts.optional("network"),
      action: try facts.required("action"), pid: pid.map { Int32(clamping: $0) }, status: try facts.status(),
      words: try facts.optional("words") ?? "", isWished: try facts.optional("wished") ?? false)
  }
}

/// An exit code and a signal's number, of which one is null at least.
private func exitNumbers(_ status: ExitStatus?) -> (code: JSONValue, signal: JSONValue) {
  switch status {
  case .code(let number): (JSONValue(number), .null)
  case .signal(let number): (.null, JSONValue(number))
  case .unknown, nil: (.null, .null)
  }
}

extension JSONObject {
  /// What `exitNumbers` gives; nil for two nulls.
  fileprivate func status() throws(JSONTypeError) -> ExitStatus? {
    let code: Int? = try optional("code")
    let signal: Int? = try optional("signal")
    return code.map { .code(Int32(clamping: $0)) } ?? signal.map { .signal(Int32(clamping: $0)) }
  }

  /// A process's number.
  fileprivate func number(_ key: String) throws(JSONTypeError) -> Int32 {
    let number: Int = try required(key)
    return Int32(clamping: number)
  }
}

private func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
