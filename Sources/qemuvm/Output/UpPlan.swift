internal import Control

/// What `up` would do, VM by VM, as `--dry-run` prints it and a terminal shows it before an edit is taken in.
struct UpPlan: Sendable {
  /// How an edit is taken in that a guest which runs cannot take.
  enum Way: Sendable {
    /// At its next start.
    case later
    case restart
    case recreate
  }

  private let replies: [VMReply]
  private let way: Way

  init(_ replies: [VMReply], _ way: Way) {
    self.replies = replies
    self.way = way
  }

  /// Whether a VM that is there already is to change.
  var hasEdit: Bool {
    way == .recreate || replies.contains { !$0.differences.isEmpty || !$0.pending.isEmpty }
  }

  /// Those that are there.
  var known: [String] { replies.filter { !$0.does(.create) }.map { "\($0.name)" } }

  /// All VMs, each with what is done to it and with it.
  var text: String { replies.map(text).joined() }

  /// What differs alone, and the names of the rest.
  var edit: String {
    let changed = replies.filter(isTouched)
    let same = replies.filter { !isTouched($0) }.map { Printable.line("\($0.name)") }
    let rest = same.isEmpty ? "" : "unchanged: \(same.joined(separator: ", "))\n"
    return changed.map { "\(head($0))\(lines($0))" }.joined() + rest
  }

  private func isTouched(_ reply: VMReply) -> Bool { !actions(reply).isEmpty || !reply.pending.isEmpty }

  private func actions(_ reply: VMReply) -> [String] {
    let given = reply.actions.map { Printable.line($0.text) }
    switch way {
    case .restart where !reply.pending.isEmpty: return given + ["restart"]
    case .recreate where !reply.does(.create): return given.filter { $0 != "start" } + ["recreate"]
    case .later, .restart, .recreate: return given
    }
  }

  private func head(_ reply: VMReply) -> String {
    let actions = actions(reply)
    return
      "\(reply.name): \(actions.isEmpty ? "nothing to do" : "would " + actions.joined(separator: ", "))\n"
  }

  /// What an edit changes now, and what waits for the next start.
  static func changes(_ reply: VMReply, _ way: Way) -> (now: [String], later: [String]) {
    if reply.pending.isEmpty { return (reply.differences, []) }
    if way == .later { return (reply.applied, reply.pending) }
    return (reply.differences + reply.pending.filter { !reply.differences.contains($0) }, [])
  }

  private func lines(_ reply: VMReply) -> String {
    let (now, later) = Self.changes(reply, way)
    return now.map { "  would change \(Printable.line($0))\n" }.joined()
      + later.map { "  waits for the next start: \(Printable.line($0))\n" }.joined()
  }

  private func text(_ reply: VMReply) -> String {
    let profile = reply.profileFile.map { "  with the profile \($0)\n" } ?? ""
    let cloudInit = reply.cloudInit.map { "  with a disk for cloud-init: \(Printable.line($0))\n" } ?? ""
    let helpers = reply.helpers.map { "  with \(Printable.line($0)) beside QEMU\n" }.joined()
    let networks = reply.networks.map { card in
      let address = card.address.map { " as \($0)" } ?? ""
      return "  on the network \(Printable.line(card.network))\(address), \(card.mac)\n"
    }
    return head(reply) + profile + cloudInit + helpers + networks.joined() + lines(reply)
  }
}
