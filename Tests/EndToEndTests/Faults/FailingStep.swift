/// A verb whose system calls fail in turn: where it begins, and where it brings the VM.
struct FailingStep: Sendable, CustomStringConvertible {
  let words: [String]
  let before: Rest

  /// Where the VM rests afterwards; it stays where it is when nothing is said.
  let goal: Rest

  /// Whether the supervisor dies before it, so that the verb starts another one.
  let isSupervisorDead: Bool

  init(_ words: String, from before: Rest, to goal: Rest? = nil, isSupervisorDead: Bool = false) {
    self.words = words.split(separator: " ").map(String.init)
    self.before = before
    self.goal = goal ?? before
    self.isSupervisorDead = isSupervisorDead
  }

  var description: String {
    words.joined(separator: " ") + (isSupervisorDead ? " with a new supervisor" : "") + ", \(before)"
  }

  var verb: String { words[0] }
  var losesDisks: Bool { words.contains("--disks") }

  /// Whether the guest's own QEMU must live through it, whatever fails.
  var leavesQEMU: Bool { before.isLive && goal.isLive && verb != "restart" }

  /// Whether the same command, given again behind a failure, does what it could not do.
  var isRepeatable: Bool { !["create", "pause", "unpause"].contains(verb) }

  static let all: [FailingStep] = [
    FailingStep("up", from: .gone, to: .running), FailingStep("up", from: .stopped, to: .running),
    FailingStep("up --dry-run", from: .gone), FailingStep("create", from: .gone, to: .stopped),
    FailingStep("start web", from: .stopped, to: .running),
    FailingStep("stop web", from: .running, to: .stopped), FailingStep("restart web", from: .running),
    FailingStep("kill web", from: .running, to: .stopped),
    FailingStep("pause web", from: .running, to: .paused),
    FailingStep("unpause web", from: .paused, to: .running), FailingStep("reset web", from: .running),
    FailingStep("update web --memory 32M", from: .running),
    FailingStep("down", from: .running, to: .gone),
    FailingStep("down --disks", from: .running, to: .gone), FailingStep("down", from: .stopped, to: .gone),
    FailingStep("rm web", from: .stopped, to: .gone),
    FailingStep("rm web --disks", from: .stopped, to: .gone),
    FailingStep("ls", from: .running), FailingStep("status web", from: .running),
    FailingStep("why web", from: .running), FailingStep("events", from: .running),
    FailingStep("logs web", from: .running), FailingStep("args web", from: .running),
    FailingStep("qmp web query-status", from: .running), FailingStep("supervisor status", from: .running),
    FailingStep("supervisor stop", from: .running),
    FailingStep("ls", from: .running, isSupervisorDead: true),
    FailingStep("ls", from: .paused, isSupervisorDead: true),
    FailingStep("up", from: .gone, to: .running, isSupervisorDead: true),
    FailingStep("stop web", from: .running, to: .stopped, isSupervisorDead: true),
    FailingStep("down", from: .stopped, to: .gone, isSupervisorDead: true),
  ]
}
