internal import Control
internal import Machine

extension Diagnosis {
  /// How many records its timeline has at most.
  private static let timelineLength = 20

  /// The answer to `query-why`, with the last lines of the VM's logs.
  func reply(qemuLog: [String], console: [String]) -> VMDiagnosis {
    var reply = VMDiagnosis(
      name: name.full, verdict: verdict, state: state.map { Word($0) }, desired: desired.map { Word($0) },
      cause: cause, ending: ending.map { Word($0) }, restarts: restarts)
    reply.timeline = records.suffix(Self.timelineLength)
    reply.qemuLog = qemuLog
    reply.console = console
    reply.failedConsole = failedConsole
    reply.advice = advice
    return reply
  }
}
