import Control
import Host
import JSON
import Synchronization
import Testing

@testable import Supervisor

/// A job's life as a table of every state and every input.
@Suite("A job's life") struct JobLifeTests {
  /// What can become of an input.
  private enum Answer: Equatable {
    case effects([JobLife.Effect], JobStatus)
    case refused
  }

  private static let done = JobLife.Outcome.success(["a": 1])
  private static let lost = JobLife.Outcome.failure("no")
  private static let inputs: [JobLife.Input] = [.start, .cancel, .end(done), .end(lost), .dismiss]

  /// How each state is come to.
  private static let ways: [(JobStatus, [JobLife.Input])] = [
    (.created, []), (.running, [.start]), (.aborting, [.start, .cancel]),
    (.concluded, [.start, .end(done)]), (.null, [.start, .end(done), .dismiss]),
  ]

  private static let table: [JobStatus: [Answer]] = [
    .created: [
      .effects([.tell(.running), .begin], .running), .effects([.tell(.aborting), .interrupt], .aborting),
      .effects([.tell(.concluded)], .concluded),
      .effects([.tell(.aborting), .tell(.concluded)], .concluded), .refused,
    ],
    .running: [
      .effects([], .running), .effects([.tell(.aborting), .interrupt], .aborting),
      .effects([.tell(.concluded)], .concluded),
      .effects([.tell(.aborting), .tell(.concluded)], .concluded), .refused,
    ],
    .aborting: [
      .effects([.begin], .aborting), .effects([], .aborting), .effects([.tell(.concluded)], .concluded),
      .effects([.tell(.concluded)], .concluded), .refused,
    ],
    .concluded: [
      .effects([], .concluded), .refused, .effects([], .concluded), .effects([], .concluded),
      .effects([.forget, .tell(.null)], .null),
    ],
    .null: [.effects([], .null), .refused, .effects([], .null), .effects([], .null), .refused],
  ]

  @Test("goes on from every state at every input as the table says", arguments: ways.indices)
  func everyCell(row: Int) throws {
    let (status, way) = Self.ways[row]
    let answers = try #require(Self.table[status])
    for (input, expected) in zip(Self.inputs, answers) {
      var life = JobLife()
      for step in way { _ = try life.handle(step) }
      #expect(life.status == status)
      do {
        let effects = try life.handle(input)
        #expect(Answer.effects(effects, life.status) == expected, "\(status), \(input)")
      } catch {
        #expect(expected == .refused, "\(status), \(input): \(error)")
        #expect(life.status == status)
      }
    }
  }

  @Test("keeps what came of it, also of one that was cancelled too late")
  func outcome() throws {
    var life = JobLife()
    for input: JobLife.Input in [.start, .cancel, .end(Self.done), .end(Self.lost)] {
      _ = try life.handle(input)
    }
    #expect(life.outcome == Self.done)
    #expect(JobLife(concluded: Self.lost).outcome == Self.lost)
  }

  @Test("tells how far it is four times a second at most, and goes on no longer than it is wanted")
  func progress() throws {
    let told = Mutex<[Int64]>([])
    let task = JobTask { progress in told.withLock { $0.append(progress.current) } }
    task.expect(100)
    let start = Instant(nanoseconds: 0)
    for step in 0..<100 { try task.advance(by: 1, at: start + .milliseconds(step * 10)) }
    #expect(told.withLock { $0 } == [1, 26, 51, 76])
    #expect(task.progress == JobReport.Progress(current: 100, total: 100))
    task.cancel()
    #expect(throws: JobFailure.cancelled) { try task.advance(by: 1, at: start) }
    #expect(task.progress.current == 100)
  }
}
