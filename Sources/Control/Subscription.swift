package import JSON
internal import QMP

/// Which events a client hears: by default all, from `subscribe` on what it has named.
package struct Subscription: Sendable, Equatable {
  /// Of one kind of things, which of them.
  package enum Interest: Sendable, Equatable {
    case all
    case named(Set<String>)

    package static let none = Interest.named([])

    fileprivate func includes(_ names: [String]) -> Bool {
      switch self {
      case .all: true
      case .named(let wanted): names.contains { wanted.contains($0) }
      }
    }
  }

  /// VMs, as `shop/web` or bare: a bare name means every VM of that name, whatever its lab.
  ///
  /// Who hears all of them hears of the supervisor, too.
  package var vms: Interest

  /// Jobs, by their ids.
  package var jobs: Interest

  package init(vms: Interest = .none, jobs: Interest = .none) {
    self.vms = vms
    self.jobs = jobs
  }

  package static let everything = Subscription(vms: .all, jobs: .all)

  func includes(_ topic: EventTopic) -> Bool {
    switch topic {
    case .vm(let name, let lab): vms.includes([name] + (lab.map { ["\($0)/\(name)"] } ?? []))
    case .job(let id): jobs.includes([id])
    case .supervisor: vms == .all
    }
  }
}

/// What an event is about.
enum EventTopic: Equatable {
  case vm(name: String, lab: String?)
  case job(id: String)
  case supervisor

  init(_ event: QMPEvent) {
    let isOfJob = event.name == JobReport.statusEvent || event.name == JobReport.progressEvent
    if isOfJob, let job = event.data["id"]?.string {
      self = .job(id: job)
    } else if let name = event.data["name"]?.string {
      self = .vm(name: name, lab: event.data["lab"]?.string)
    } else {
      self = .supervisor
    }
  }
}

// MARK: On the wire

extension Subscription.Interest: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    switch json {
    case .bool(true): self = .all
    case .bool(false): self = .none
    case .array: self = .named(Set(try [String](json: json)))
    default: throw JSONTypeError(expected: "a list of names, true or false", found: json)
    }
  }

  /// Nil for what says nothing.
  var json: JSONValue? {
    switch self {
    case .all: true
    case .named(let names): names.isEmpty ? nil : .array(names.sorted().map { .string($0) })
    }
  }
}
