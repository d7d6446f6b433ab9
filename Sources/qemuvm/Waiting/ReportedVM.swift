internal import Control
internal import JSON

/// A VM as a reply or an event of the supervisor tells of it, as far as somebody who waits needs it.
struct ReportedVM: Sendable, Equatable {
  let name: String
  let lab: String?

  /// As the supervisor wrote it; `state` is nil for a word of a newer supervisor.
  let stateWord: String
  let isWanted: Bool

  /// One line, safe to print.
  let cause: String?
  let pid: Int?

  /// How the guest is; nil for one that nobody looks after.
  let health: Health?

  /// The number of the user's commands on this VM up to this report.
  let wish: Int
  let accelerator: String?

  /// What `up` did or would do.
  let actions: [String]

  /// The file of its profile; nil where that is not known, or is built in.
  let profileFile: String?

  /// What waits for the next start, a sentence each.
  let pending: [String]

  init(_ object: JSONObject) {
    name = object["name"]?.string ?? ""
    lab = object["lab"]?.string
    stateWord = object["state"]?.string ?? ""
    isWanted = object["desired"]?.string == "running"
    cause = object["cause"]?.string.map { Printable.line($0) }
    pid = object["pid"]?.int
    health = object["health"]?.string.flatMap(Health.init).flatMap { $0 == .none ? nil : $0 }
    wish = object["wish"]?.int ?? 0
    accelerator = object["accelerator"]?.string
    actions = object["actions"]?.array?.compactMap(\.string) ?? []
    profileFile = object["profileFiles"]?.array?.first?.string.flatMap {
      $0.hasPrefix("/") ? Printable.line($0) : nil
    }
    pending = object["pending"]?.array?.compactMap { $0.string.map(Printable.line) } ?? []
  }

  var state: VMState? { VMState(rawValue: stateWord) }

  /// The state, with the health of a guest that runs behind it.
  var stateWithHealth: String {
    guard let health, state == .running else { return stateWord }
    return "\(stateWord) (\(health == .starting ? "health: starting" : health.rawValue))"
  }

  /// As a person reads and writes it: `shop/web`.
  var displayName: String { lab.map { "\($0)/\(name)" } ?? name }

  func isSameVM(as other: ReportedVM) -> Bool { name == other.name && lab == other.lab }
}
