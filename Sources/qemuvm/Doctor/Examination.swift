internal import Dispatch
internal import Host
internal import Synchronization

/// All the doctor's checks, each on a thread of its own: a file system that hangs costs its own lines alone.
struct Examination {
  /// How long they may take, all together.
  static let patience = Duration.seconds(30)

  /// The name that stands for a group which does not answer, and what it finds.
  typealias Group = (name: String, check: @Sendable () -> [Finding])

  static func groups(_ context: Context) -> [Group] {
    [
      ("KVM", { KVMCheck(context: context).findings() }),
      ("programs", { ProgramsCheck(context: context).findings() }),
      ("memory", { MeansCheck().findings() }), ("folders", { FoldersCheck(context: context).findings() }),
      ("supervisor", { ServiceCheck(context: context).findings() }),
    ]
  }

  /// What they have found, in their order.
  static func run(_ groups: [Group], within patience: Duration = patience) -> [Finding] {
    let answers = groups.map { group in
      let answer = Answer()
      DispatchQueue(label: "doctor \(group.name)").async { answer.give(group.check()) }
      return answer
    }
    let deadline = Instant.now + patience
    return zip(groups, answers).flatMap { group, answer in
      answer.wait(until: deadline) ?? [
        .failure(
          group.name, "no answer within \(patience.components.seconds) s",
          "A file system that hangs, such as a mount whose server is gone, does that; 'df' hangs there, too.")
      ]
    }
  }

  private final class Answer: Sendable {
    private let findings = Mutex<[Finding]?>(nil)
    private let given = DispatchSemaphore(value: 0)

    func give(_ found: [Finding]) {
      findings.withLock { $0 = found }
      given.signal()
    }

    /// Nil where there is none by then.
    func wait(until deadline: Instant) -> [Finding]? {
      let left = max(0, (deadline - .now).nanoseconds)
      guard given.wait(timeout: .now() + .nanoseconds(Int(left))) == .success else { return nil }
      return findings.withLock { $0 }
    }
  }
}
