import Host

/// What a run did and saw, for its last line.
struct ChaosFigures: Sendable {
  var steps = 0
  var byInjection: [Injection: Int] = [:]

  /// What could not be done here, by why.
  var skipped: [String: Int] = [:]
  var commands = 0
  var supervisorKills = 0
  var guestKills = 0
  var adoptions = 0
  var exits = 0
  var ledgerRecords = 0
  var longestSettling = Duration.zero
  var looksForDoubles = 0

  var summary: String {
    let kinds = byInjection.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key) \($0.value)" }
    let left = skipped.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value))" }
    var lines = [
      "\(steps) steps, \(commands) commands, \(supervisorKills) supervisors and \(guestKills) guests killed, "
        + "\(exits) ends and \(adoptions) adoptions in \(ledgerRecords) records; doubles 0 in \(looksForDoubles) looks, "
        + "violations 0; longest until settled \(Double(longestSettling.nanoseconds / 1_000_000) / 1000) s"
    ]
    if !kinds.isEmpty { lines.append("  injections: " + kinds.joined(separator: ", ")) }
    if !left.isEmpty { lines.append("  SKIPPED: " + left.joined(separator: ", ")) }
    return lines.joined(separator: "\n")
  }
}
