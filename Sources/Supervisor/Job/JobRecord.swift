internal import Control
internal import JSON
internal import Machine

/// What STATE/jobs keeps of a job, so that nothing is lost of one whose supervisor or client is gone.
struct JobRecord: Sendable, Equatable {
  /// It counts up; in the file's name.
  let number: Int
  let type: String
  let subject: String?

  /// The VM that it belongs to.
  let owner: VMName?

  /// When it was begun, RFC 3339.
  let begunAt: String

  /// When it ended, RFC 3339, and how; nil while it runs.
  var endedAt: String?
  var outcome: JobLife.Outcome?

  var id: String { String(number) }
}

extension JobRecord {
  var json: JSONObject {
    var members: JSONObject = [
      "type": .string(type), "subject": subject.map { .string($0) } ?? .null,
      "name": owner.map { .string($0.name) } ?? .null, "lab": owner?.lab.map { .string($0) } ?? .null,
      "begunAt": .string(begunAt),
    ]
    guard let outcome, let endedAt else { return members }
    members["endedAt"] = .string(endedAt)
    switch outcome {
    case .success(let result): members["result"] = .object(result)
    case .failure(let words): members["error"] = .string(words)
    }
    return members
  }

  init(number: Int, json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    self.number = number
    type = try members.required("type")
    subject = try members.optional("subject")
    let name: String? = try members.optional("name")
    let lab: String? = try members.optional("lab")
    // A name that no VM can have is nobody's.
    owner = name.flatMap { try? VMName($0, lab: lab) }
    begunAt = try members.required("begunAt")
    endedAt = try members.optional("endedAt")
    let result: JSONObject? = try members.optional("result")
    let error: String? = try members.optional("error")
    outcome = error.map { .failure($0) } ?? result.map { .success($0) }
  }
}
