internal import Control
internal import Host
internal import JSON
internal import Machine
internal import QMP
internal import Synchronization

/// The long work of this supervisor: begins it, tells how far it is, cancels it, and keeps what came of it.
///
/// An actor on a queue of its own. Each job's work has a thread of its own while it lasts, so that one that hangs holds
/// up no other.
actor Jobs {
  /// What a job does, on a thread that may block; it asks its task often whether it is still wanted.
  typealias Work = @Sendable (JobTask) throws -> JSONObject

  /// How many may be under way.
  static let most = 64

  /// How many that are concluded are kept, and for how long.
  static let mostConcluded = 100
  static let keptTime = Duration.seconds(7 * 86_400)

  /// Why a job has no end: its supervisor had one.
  static let orphaned = """
    the supervisor ended while it ran
      Nothing half done is left of it; give the command again.
    """

  nonisolated let executor = QueueExecutor(label: "jobs")
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  private struct Job {
    var record: JobRecord
    var life: JobLife
    let task: JobTask
  }

  private let files: JobFiles

  /// For the records alone: work of a job's own never runs here.
  private let lane = Lane("the records of jobs")
  private var jobs: [String: Job] = [:]
  private var nextNumber = 1
  private var tell: Supervisor.Tell = { _ in }
  private var changed: @Sendable () -> Void = {}

  /// How many are under way.
  private nonisolated let active = Atomic<Int>(0)

  init(files: JobFiles) {
    self.files = files
  }

  /// Whether a job is under way, which keeps the supervisor.
  nonisolated var areRunning: Bool { active.load(ordering: .acquiring) > 0 }

  /// Connects it with those who want to know.
  func connect(tell: @escaping Supervisor.Tell, changed: @escaping @Sendable () -> Void) {
    self.tell = tell
    self.changed = changed
  }

  /// Takes up what earlier supervisors have left: a job without an end has failed.
  func recover() async {
    let (files, orphaned) = (files, JobLife.Outcome.failure(Self.orphaned))
    let records: [JobRecord]
    do throws(SystemError) {
      (records, nextNumber) = try await lane.run { () throws(SystemError) in
        var (records, next) = try files.load()
        for index in records.indices where records[index].outcome == nil {
          records[index].outcome = orphaned
          records[index].endedAt = Timestamp.now.rfc3339
          // Not written down, the next supervisor finds out again.
          try? files.write(records[index])
        }
        return (records, next)
      }
    } catch {
      return Log.note("the jobs of before are not known: \(error)")
    }
    for record in records {
      guard let outcome = record.outcome else { continue }
      jobs[record.id] = Job(record: record, life: JobLife(concluded: outcome), task: JobTask())
    }
    forgetOldest()
  }

  // MARK: Commands

  /// Begins a job; it is on record when this returns.
  func begin(
    _ kind: JobKind, subject: String?, owner: VMName? = nil, _ work: @escaping Work
  ) async throws(ControlError) -> JobReport {
    guard active.load(ordering: .acquiring) < Self.most else {
      throw ControlError(
        .failed, "\(Self.most) jobs are under way already",
        advice: ["Wait for one of them; 'qemuvm jobs' lists them."])
    }
    active.add(1, ordering: .acquiringAndReleasing)
    let record = JobRecord(
      number: nextNumber, type: kind.rawValue, subject: subject, owner: owner,
      begunAt: Timestamp.now.rfc3339)
    nextNumber += 1
    let (id, tell, files) = (record.id, tell, files)
    let task = JobTask { progress in
      tell {
        var data: JSONObject = ["id": .string(id)]
        for (key, value) in progress.json { data[key] = value }
        return QMPEvent(JobReport.progressEvent, data)
      }
    }
    jobs[id] = Job(record: record, life: JobLife(), task: task)
    do throws(SystemError) {
      try await lane.run { () throws(SystemError) in try files.begin(record) }
    } catch {
      jobs[id] = nil
      release()
      throw ControlError(.failed, "the job is not begun: it cannot be recorded: \(error)")
    }
    perform(id, .start, work)
    return try report(id)
  }

  /// All jobs, the youngest last.
  var reports: [JobReport] {
    jobs.values.sorted { $0.record.number < $1.record.number }.map(Self.report)
  }

  func report(_ id: String) throws(ControlError) -> JobReport {
    guard let job = jobs[id] else { throw .noSuchJob(id) }
    return Self.report(job)
  }

  /// Lets a job end as soon as it can; a second time it changes nothing.
  func cancel(_ id: String) throws(ControlError) -> JobReport {
    try command(id, .cancel)
    return try report(id)
  }

  /// Forgets a job that is concluded.
  func dismiss(_ id: String) async throws(ControlError) {
    guard let number = jobs[id]?.record.number else { throw .noSuchJob(id) }
    try command(id, .dismiss)
    jobs[id] = nil
    let files = files
    do throws(SystemError) {
      try await lane.run { () throws(SystemError) in try files.remove(number) }
    } catch {
      throw ControlError(.failed, "job \(id): its record cannot be removed: \(error)")
    }
  }

  // MARK: A job's life

  private func command(_ id: String, _ input: JobLife.Input) throws(ControlError) {
    guard var job = jobs[id] else { throw .noSuchJob(id) }
    do throws(JobLife.Refusal) {
      let effects = try job.life.handle(input)
      jobs[id] = job
      perform(effects, of: job, nil)
    } catch {
      throw ControlError(
        .failed, "job \(id): cannot \(error.verb) it: it is \(error.status.rawValue)", fact: .wrongState)
    }
  }

  /// Feeds what is no command, which nothing refuses.
  private func perform(_ id: String, _ input: JobLife.Input, _ work: Work? = nil) {
    guard var job = jobs[id], let effects = try? job.life.handle(input) else { return }
    jobs[id] = job
    perform(effects, of: job, work)
  }

  private func perform(_ effects: [JobLife.Effect], of job: Job, _ work: Work?) {
    for effect in effects {
      switch effect {
      case .begin: if let work { run(work, job) }
      case .interrupt: job.task.cancel()
      case .tell(let status):
        let id = job.record.id
        tell { QMPEvent(JobReport.statusEvent, ["id": .string(id), "status": .string(status.rawValue)]) }
      // Whoever dismisses it does so.
      case .forget: break
      }
    }
  }

  private func run(_ work: @escaping Work, _ job: Job) {
    let (record, task) = (job.record, job.task)
    Lane("job \(record.id)").add { [weak self] in
      let outcome: JobLife.Outcome
      do {
        outcome = .success(try work(task))
      } catch {
        outcome = .failure(JobFailure(error).words)
      }
      Task { await self?.end(record.id, outcome) }
    }
  }

  /// Records what came of it, and tells so; where that cannot be recorded, it is told all the same.
  private func end(_ id: String, _ outcome: JobLife.Outcome) async {
    guard var record = jobs[id]?.record else { return }
    record.outcome = outcome
    record.endedAt = Timestamp.now.rfc3339
    let (files, ended) = (files, record)
    do throws(SystemError) {
      try await lane.run { () throws(SystemError) in try files.write(ended) }
    } catch {
      Log.note("job \(id): its end could not be recorded: \(error)")
    }
    jobs[id]?.record = record
    // Who hears of the end finds room for another.
    active.subtract(1, ordering: .acquiringAndReleasing)
    perform(id, .end(outcome))
    changed()
    forgetOldest()
  }

  private func release() {
    active.subtract(1, ordering: .acquiringAndReleasing)
    changed()
  }

  /// Forgets what was concluded long ago, or is too much.
  private func forgetOldest() {
    let concluded = jobs.values.filter { $0.life.status == .concluded }
      .sorted { $0.record.number < $1.record.number }
    let limit = Timestamp(
      microseconds: Timestamp.now.microseconds - Self.keptTime.nanoseconds / 1000
    ).rfc3339
    let surplus = max(0, concluded.count - Self.mostConcluded)
    let files = files
    for (index, job) in concluded.enumerated() where index < surplus || job.record.endedAt ?? "" < limit {
      jobs[job.record.id] = nil
      let number = job.record.number
      // One that stays is forgotten by the next supervisor.
      lane.add { try? files.remove(number) }
    }
  }

  private static func report(_ job: Job) -> JobReport {
    var report = JobReport(
      id: job.record.id, type: job.record.type, status: job.life.status, progress: job.task.progress,
      vm: job.record.owner?.name, lab: job.record.owner?.lab, subject: job.record.subject)
    switch job.life.outcome {
    case .success(let result)?: report.result = result
    case .failure(let words)?: report.error = words
    case nil: break
    }
    return report
  }
}

extension ControlError {
  static func noSuchJob(_ id: String) -> ControlError {
    ControlError(.failed, "there is no job '\(id)'", advice: ["'qemuvm jobs' lists them."])
  }
}
