/// A verb whose system calls fail in turn: where it begins, and where it brings the VM.
struct FailingStep: Sendable, CustomStringConvertible {
  let words: [String]
  let before: Rest

  /// Where the VM rests afterwards; it stays where it is when nothing is said.
  let goal: Rest

  /// What is done before it, so that the verb starts another supervisor.
  enum Accident: String, Sendable {
    case none

    /// The supervisor dies.
    case deadSupervisor = "with a new supervisor"

    /// It dies, and behind it the guest.
    case deadGuest = "with a new supervisor and a guest that died"

    /// It dies, and its folders are removed, of a fleet without a VM.
    case noFolders = "in new folders"
  }

  let accident: Accident

  /// Whether the image `base` is in the store before and afterwards; nil for a verb that has nothing to do with it.
  let image: (before: Bool, after: Bool)?

  init(
    _ words: String, from before: Rest, to goal: Rest? = nil, after accident: Accident = .none,
    image: (before: Bool, after: Bool)? = nil
  ) {
    self.words = words.split(separator: " ").map(String.init)
    self.before = before
    self.goal = goal ?? before
    self.accident = accident
    self.image = image
  }

  /// Stands for the job that was concluded last.
  static let lastJob = "JOB"

  var description: String {
    words.joined(separator: " ") + (accident == .none ? "" : " " + accident.rawValue) + ", \(before)"
  }

  var verb: String { words[0] }
  var deletesDisks: Bool { words.contains("--disks") || words.contains("--all") }

  var endsSupervisor: Bool { words.starts(with: ["supervisor", "stop"]) }

  /// Whether it ends guests that stay wanted.
  var endsGuests: Bool { words.contains("--guests") }

  /// Whether the guest's own QEMU must live through it, whatever fails.
  var leavesQEMU: Bool {
    before.isLive && goal.isLive && verb != "restart" && accident != .deadGuest
  }

  /// Whether the same command, given again behind a failure, does what it could not do.
  var isRepeatable: Bool { !["create", "pause", "unpause"].contains(verb) }

  static let all: [FailingStep] = [
    // Each verb that changes something, from where it changes it.
    FailingStep("up", from: .gone, to: .running), FailingStep("up", from: .stopped, to: .running),
    FailingStep("up", from: .running), FailingStep("create", from: .gone, to: .stopped),
    FailingStep("start web", from: .stopped, to: .running),
    FailingStep("stop web", from: .running, to: .stopped),
    FailingStep("stop web", from: .paused, to: .stopped), FailingStep("restart web", from: .running),
    FailingStep("restart web", from: .stopped, to: .running),
    FailingStep("kill web", from: .running, to: .stopped),
    FailingStep("pause web", from: .running, to: .paused),
    FailingStep("unpause web", from: .paused, to: .running), FailingStep("reset web", from: .running),
    FailingStep("update web --memory 32M", from: .running),
    FailingStep("update web --disk-add name=more,size=1M", from: .running),
    FailingStep("update web --memory 32M", from: .stopped),
    FailingStep("down", from: .running, to: .gone), FailingStep("down", from: .paused, to: .gone),
    FailingStep("down --disks", from: .running, to: .gone), FailingStep("down", from: .stopped, to: .gone),
    FailingStep("down --disks", from: .stopped, to: .gone), FailingStep("rm web", from: .stopped, to: .gone),
    FailingStep("rm web --disks", from: .stopped, to: .gone),
    FailingStep("supervisor stop", from: .running), FailingStep("supervisor stop", from: .stopped),
    FailingStep("supervisor stop --guests", from: .running, to: .stopped),
    FailingStep("supervisor stop --guests --stop-timeout 30s", from: .running, to: .stopped),
    FailingStep("start --wanted", from: .stopped),
    // The supervisor's own start, and what it finds there.
    FailingStep("ls", from: .running, after: .deadSupervisor),
    FailingStep("ls", from: .paused, after: .deadSupervisor),
    FailingStep("ls", from: .stopped, after: .deadSupervisor),
    FailingStep("ls", from: .running, after: .deadGuest), FailingStep("ls", from: .gone, after: .noFolders),
    FailingStep("up", from: .gone, to: .running, after: .noFolders),
    FailingStep("up", from: .gone, to: .running, after: .deadSupervisor),
    FailingStep("stop web", from: .running, to: .stopped, after: .deadSupervisor),
    FailingStep("down", from: .stopped, to: .gone, after: .deadSupervisor),
    FailingStep("down --disks", from: .running, to: .gone, after: .deadSupervisor),
    FailingStep("supervisor stop --guests", from: .running, to: .stopped, after: .deadSupervisor),
    // Questions.
    FailingStep("up --dry-run", from: .gone), FailingStep("ls", from: .running),
    FailingStep("status web", from: .running), FailingStep("why web", from: .running),
    FailingStep("events", from: .running), FailingStep("logs web", from: .running),
    FailingStep("args web", from: .running), FailingStep("qmp web query-status", from: .running),
    FailingStep("supervisor status", from: .running), FailingStep("validate", from: .gone),
    FailingStep("jobs", from: .running), FailingStep("disk ls", from: .stopped),
    FailingStep("wait web --for running", from: .running), FailingStep("network ls", from: .running),
    FailingStep("ssh web", from: .running), FailingStep("ssh-config", from: .running),
    FailingStep("stats", from: .running),
    // Images, disks that are left, and jobs.
    FailingStep("image add base.raw", from: .gone, image: (false, true)),
    FailingStep("image ls", from: .gone, image: (true, true)),
    FailingStep("image verify base", from: .gone, image: (true, true)),
    FailingStep("image rm base", from: .gone, image: (true, false)),
    FailingStep("disk rm web --all", from: .gone),
    FailingStep("job dismiss \(lastJob)", from: .gone, image: (true, true)),
    FailingStep("job cancel \(lastJob)", from: .gone, image: (true, true)),
  ]
}
