package import JSON

/// What everyone may know of a job: one of qemuvm's own, or one of a VM's QEMU.
///
/// QEMU: `JobInfo` of `query-jobs`, since 3.0; what stands beside its members is qemuvm's.
package struct JobReport: Sendable, Equatable {
  /// The event of a job's new status.
  ///
  /// QEMU: `JOB_STATUS_CHANGE`, since 3.0.
  package static let statusEvent = "JOB_STATUS_CHANGE"

  /// The event of a job that has come further, a few times a second at most.
  package static let progressEvent = "JOB_PROGRESS"

  /// How much is done of how much; what a unit is, is the kind's affair, and `total` may grow.
  package struct Progress: Sendable, Equatable {
    package var current: Int64
    package var total: Int64

    package init(current: Int64 = 0, total: Int64 = 0) {
      self.current = current
      self.total = total
    }
  }

  package let id: String

  /// A `JobKind` of qemuvm's own, or QEMU's word, such as `mirror`.
  package let type: String
  package var status: JobStatus
  package var progress: Progress

  /// Why it failed; nil while it has not.
  package var error: String?

  /// The VM it belongs to, and its lab.
  package var vm: String?
  package var lab: String?

  /// What it is about, such as an image's name.
  package var subject: String?

  /// What came of it, by its kind; nil until it is concluded.
  package var result: JSONObject?

  package init(
    id: String, type: String, status: JobStatus, progress: Progress = Progress(), error: String? = nil,
    vm: String? = nil, lab: String? = nil, subject: String? = nil, result: JSONObject? = nil
  ) {
    self.id = id
    self.type = type
    self.status = status
    self.progress = progress
    self.error = error
    self.vm = vm
    self.lab = lab
    self.subject = subject
    self.result = result
  }
}

// MARK: On the wire

extension JobReport: JSONDecodable {
  package var json: JSONObject {
    var members: JSONObject = ["id": .string(id), "type": .string(type), "status": .string(status.rawValue)]
    for (key, value) in progress.json { members[key] = value }
    members["error"] = error.map { .string($0) } ?? .null
    members["name"] = vm.map { .string($0) } ?? .null
    members["lab"] = lab.map { .string($0) } ?? .null
    members["subject"] = subject.map { .string($0) } ?? .null
    members["result"] = result.map { .object($0) } ?? .null
    return members
  }

  /// Takes what QEMU itself tells as well, which has fewer members.
  package init(json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    self.init(
      id: try members.required("id"), type: try members.required("type"),
      status: try members.required("status"),
      progress: Progress(
        current: try members.optional("current-progress") ?? 0,
        total: try members.optional("total-progress") ?? 0),
      error: try members.optional("error"), vm: try members.optional("name"),
      lab: try members.optional("lab"), subject: try members.optional("subject"),
      result: try members.optional("result"))
  }
}

extension JobReport.Progress {
  /// The members of `JobInfo` that tell it.
  package var json: JSONObject {
    ["current-progress": JSONValue(current), "total-progress": JSONValue(total)]
  }
}

extension JobStatus: JSONDecodable {}
