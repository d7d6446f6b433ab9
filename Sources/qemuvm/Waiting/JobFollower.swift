internal import Control
internal import Host
internal import JSON
internal import QMP

/// Asks for a job and follows it to its end, over a supervisor's leave; who stops following stops nothing.
struct JobFollower {
  let context: Context

  /// What a person knows the job by.
  let label: String

  /// The job as it ended; a failure of its own is thrown.
  func run(_ request: ControlRequest) throws -> JobReport {
    let connector = SupervisorConnector(context: context)
    var display = JobDisplay(label: label, context: context)
    var job: JobReport?
    var round = 1
    while true {
      let client = try connector.connect()
      do throws(ControlError) {
        _ = try client.send(.subscribe(Subscription(jobs: .all)))
        let question = job.map { .queryJobs(id: $0.id) } ?? request
        var current = try Self.job(try client.perform(question, deadline: context.patience.answer))
        display.show(current)
        job = current
        while !current.status.isOver {
          current = try advance(current, client)
          display.show(current)
        }
        job = current
        break
      } catch {
        display.end()
        // Who has the job's id can ask the next supervisor; what this one has not begun is given to it.
        let isLost = error.kind == .closing || error.kind == .disconnected && job != nil
        guard isLost, round < SupervisorConnector.rounds else {
          throw CommandFailure(error, subject: label)
        }
        round += 1
      }
    }
    display.end()
    return try finished(job)
  }

  /// The job after the next that is heard of it.
  private func advance(
    _ job: JobReport, _ client: ControlClient
  ) throws(ControlError) -> JobReport {
    var job = job
    switch try client.next(until: .now + context.patience.news) {
    case .event(let event) where event.data["id"]?.string == job.id:
      switch event.name {
      case JobReport.progressEvent:
        job.progress = JobReport.Progress(
          current: event.data["current-progress"]?.int64 ?? job.progress.current,
          total: event.data["total-progress"]?.int64 ?? job.progress.total)
        return job
      case JobReport.statusEvent: break
      default: return job
      }
    case .event, .reply: return job
    // Whoever has nothing to tell still answers; one that hangs would be waited for without end.
    case nil: break
    }
    return try Self.job(try client.perform(.queryJobs(id: job.id), deadline: context.patience.answer))
  }

  /// The job that a reply tells of: itself, or alone in a list.
  private static func job(_ reply: JSONValue) throws(ControlError) -> JobReport {
    do throws(JSONTypeError) {
      return try JobReport(json: reply.array?.first ?? reply)
    } catch {
      throw ControlError(.failed, "the supervisor's answer about a job is not understood: \(error)")
    }
  }

  private func finished(_ job: JobReport?) throws(CommandFailure) -> JobReport {
    guard let job, job.error == nil else {
      var lines = (job?.error ?? "").split(separator: "\n").map(String.init)
      let reason = lines.isEmpty ? "failed" : lines.removeFirst()
      throw CommandFailure(.failed, label, reason, hints: lines)
    }
    return job
  }
}
