internal import Control
internal import JSON
internal import Machine

extension Diagnosis {
  /// How many records its timeline has at most.
  private static let timelineLength = 20

  /// The answer to `query-why`, with the last lines of the VM's logs; an absent value is null.
  func json(qemuLog: [String], console: [String]) -> JSONObject {
    [
      "name": .string(name.name), "lab": text(name.lab), "verdict": .string(verdict),
      "state": text(state?.rawValue), "desired": text(desired?.rawValue), "cause": .string(cause),
      "ending": text(ending?.rawValue), "restarts": JSONValue(restarts),
      "timeline": .array(records.suffix(Self.timelineLength).map { .object($0.json) }),
      "qemuLog": .array(qemuLog.map { .string($0) }), "console": .array(console.map { .string($0) }),
      "failedConsole": .array(failedConsole.map { .string($0) }),
      "advice": .array(advice.map { .string($0) }),
    ]
  }

  private func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
}
