import Control
import Dispatch
import Host
import JSON
import QMP
import Synchronization
import Testing

@testable import Supervisor

/// Jobs with their records on disk, and work that a test lets go on.
@Suite("Jobs") struct JobsTests {
  private let folder: LedgerFolder
  private var files: JobFiles { JobFiles(folder: folder.path + "/jobs") }

  init() throws { folder = try LedgerFolder() }

  /// What is told, in its order.
  private func heard(_ jobs: Jobs) async -> AsyncStream<QMPEvent> {
    let (events, feed) = AsyncStream.makeStream(of: QMPEvent.self)
    await jobs.connect(tell: { feed.yield($0()) }, changed: {})
    return events
  }

  private func wait(for status: JobStatus, of id: String, _ events: AsyncStream<QMPEvent>) async {
    for await event in events where event.data["id"]?.string == id {
      if event.data["status"]?.string == status.rawValue { return }
    }
  }

  @Test("one that does its work is told of at each step, listed, kept over a supervisor, and dismissed")
  func wholeLife() async throws {
    let jobs = Jobs(files: files)
    await jobs.recover()
    let events = await heard(jobs)
    let gate = DispatchSemaphore(value: 0)
    let begun = try await jobs.begin(.imageVerify, subject: "x") { task in
      task.expect(2)
      try task.advance(by: 2)
      gate.wait()
      return ["sum": "abc"]
    }
    #expect(begun.id == "1" && begun.status == .running && begun.subject == "x")
    #expect(jobs.areRunning)
    #expect(try files.load().records.map(\.outcome) == [nil])
    await #expect(throws: ControlError.self) { try await jobs.dismiss("1") }
    gate.signal()
    var told: [String?] = []
    for await event in events {
      told.append(event.data["status"]?.string ?? event.name)
      if told.last == "concluded" { break }
    }
    #expect(told == ["running", "JOB_PROGRESS", "concluded"])
    #expect(!jobs.areRunning)
    let report = try await jobs.report("1")
    #expect(report.result == ["sum": "abc"] && report.error == nil && report.progress.current == 2)

    let next = Jobs(files: files)
    await next.recover()
    #expect(try await next.report("1").result == ["sum": "abc"])
    try await next.dismiss("1")
    #expect(await next.reports.isEmpty)
    #expect(try files.load().records.isEmpty)
    await #expect(throws: ControlError.noSuchJob("1")) { try await next.dismiss("1") }
    // Its number is nobody else's.
    let third = Jobs(files: files)
    await third.recover()
    let other = try await third.begin(.imageVerify, subject: nil) { _ in [:] }
    #expect(other.id == "2")
  }

  @Test("one that is cancelled ends as soon as its work asks, and says so")
  func cancel() async throws {
    let jobs = Jobs(files: files)
    let events = await heard(jobs)
    let gate = DispatchSemaphore(value: 0)
    let id = try await jobs.begin(.imageVerify, subject: nil) { task in
      gate.wait()
      try task.advance(by: 1)
      return [:]
    }.id
    #expect(try await jobs.cancel(id).status == .aborting)
    #expect(try await jobs.cancel(id).status == .aborting)
    gate.signal()
    await wait(for: .concluded, of: id, events)
    #expect(try await jobs.report(id).error == "cancelled")
    await #expect(throws: ControlError.self) { try await jobs.cancel(id) }
  }

  @Test("one that fails says why, in the system's words where they are the system's")
  func failure() async throws {
    let jobs = Jobs(files: files)
    let events = await heard(jobs)
    let id = try await jobs.begin(.imageVerify, subject: nil) { _ in
      throw SystemError("write", "/a", code: 28)
    }.id
    await wait(for: .concluded, of: id, events)
    #expect(try await jobs.report(id).error == "/a: No space left on device (write)")
    #expect(try files.load().records.first?.outcome == .failure("/a: No space left on device (write)"))
  }

  @Test("one whose supervisor ended has failed for the next, and drafts of its record are gone")
  func orphan() async throws {
    let record = JobRecord(
      number: 7, type: "image-add", subject: "x", owner: try .shopWeb, begunAt: "2026-11-23T06:40:08.123Z")
    try files.begin(record)
    let draft = folder.path + "/jobs/7.json.1-1.new"
    try FileSystem.replace(draft, with: [1], durable: false)
    try FileSystem.replace(folder.path + "/jobs/8.json", with: [1], durable: false)
    let jobs = Jobs(files: files)
    await jobs.recover()
    let report = try await jobs.report("7")
    #expect(report.status == .concluded && report.error == Jobs.orphaned)
    #expect(report.vm == "web" && report.lab == "shop")
    #expect(!FileSystem.exists(draft))
    #expect(try files.load().records.map(\.outcome) == [.failure(Jobs.orphaned)])
    // One that cannot be read is left alone, and its number is taken.
    #expect(FileSystem.exists(folder.path + "/jobs/8.json"))
    #expect(try await jobs.begin(.imageVerify, subject: nil) { _ in [:] }.id == "9")
  }

  @Test("the youngest hundred that are concluded are kept, and for a week")
  func bounds() async throws {
    func record(_ number: Int, endedAt: String) -> JobRecord {
      JobRecord(
        number: number, type: "image-add", subject: nil, owner: nil, begunAt: endedAt, endedAt: endedAt,
        outcome: .success([:]))
    }
    for number in 1...110 { try files.begin(record(number, endedAt: Timestamp.now.rfc3339)) }
    try files.begin(record(111, endedAt: "2020-11-23T06:40:08.123Z"))
    let jobs = Jobs(files: files)
    await jobs.recover()
    let ids = await jobs.reports.map(\.id)
    #expect(ids == (12...110).map(String.init))
  }

  @Test("no more than a bounded number are under way, and one that hangs holds up no other")
  func most() async throws {
    let jobs = Jobs(files: files)
    let events = await heard(jobs)
    let gate = DispatchSemaphore(value: 0)
    for _ in 1..<Jobs.most {
      _ = try await jobs.begin(.imageVerify, subject: nil) { _ in
        gate.wait()
        return [:]
      }
    }
    let quick = try await jobs.begin(.imageVerify, subject: nil) { _ in [:] }
    await wait(for: .concluded, of: quick.id, events)
    _ = try await jobs.begin(.imageVerify, subject: nil) { _ in
      gate.wait()
      return [:]
    }
    await #expect(throws: ControlError.self) { try await jobs.begin(.imageVerify, subject: nil) { _ in [:] } }
    for _ in 1...Jobs.most { gate.signal() }
    var ended = 1
    for await event in events where event.data["status"] == "concluded" {
      ended += 1
      if ended == Jobs.most + 1 { break }
    }
    #expect(!jobs.areRunning)
  }
}
