internal import Host
internal import JSON

/// The requests that a server has not answered yet, by their ids, each with the moment it is given up.
///
/// Owned by one connection. Ids count up, so one that is not here and below the next was given up before, or is of the
/// connection before this one: QEMU (7.2) sends the reply to a client that has gone to the one in its place.
struct OutstandingRequests<Completion> {
  struct Request {
    let id: Int
    let command: String
    let limit: Duration
    let due: Instant
    let completion: Completion
  }

  private var requests: [Int: Request] = [:]
  private var nextID: Int

  init(firstID: Int) { nextID = firstID }

  var isEmpty: Bool { requests.isEmpty }

  /// The moment at which the first of them is due.
  var earliestDeadline: Instant? { requests.values.lazy.map(\.due).min() }

  mutating func add(_ command: String, limit: Duration, now: Instant, completion: Completion) -> Request {
    let request = Request(
      id: nextID, command: command, limit: limit, due: now + limit, completion: completion)
    requests[nextID] = request
    nextID += 1
    return request
  }

  /// What a reply's id says.
  enum Lookup {
    case found(Request)

    /// It was made, and answered or given up; or another made it.
    case past

    /// It was never made.
    case unknown
  }

  mutating func take(_ id: JSONValue?) -> Lookup {
    guard let number = id?.int, number > 0, number < nextID else { return .unknown }
    return requests.removeValue(forKey: number).map(Lookup.found) ?? .past
  }

  mutating func takeOldest() -> Request? {
    requests.keys.min().flatMap { requests.removeValue(forKey: $0) }
  }

  /// Those that are due, in the order in which they became so.
  mutating func takeDue(at now: Instant) -> [Request] {
    let due = requests.values.filter { $0.due <= now }
      .sorted { ($0.due, $0.id) < ($1.due, $1.id) }
    for request in due { requests[request.id] = nil }
    return due
  }

  /// All of them, in the order in which they were made.
  mutating func takeAll() -> [Request] {
    defer { requests = [:] }
    return requests.values.sorted { $0.id < $1.id }
  }
}
