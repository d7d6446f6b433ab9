internal import Control
internal import Host
internal import JSON

// One request and its reply, over a supervisor's leave.
extension SupervisorConnector {
  /// Asks, where a supervisor on its way out is no answer: the next one is asked what this one has not begun, and a
  /// question once more in any case.
  ///
  /// A `ControlError` is the refusal, or says that what became of a change is not known.
  func perform(_ request: ControlRequest, deadline: Duration?) throws -> JSONValue {
    var round = 1
    while true {
      do {
        return try connect().perform(request, deadline: deadline)
      } catch let error as ControlError {
        let isRepeatable = error.kind == .closing || error.kind == .disconnected && request.isQuery
        guard isRepeatable, round < Self.rounds else { throw error }
        round += 1
      }
    }
  }

  /// The same, with the VM that it is about named in what goes wrong.
  func ask(_ request: ControlRequest, about name: String? = nil, deadline: Duration?) throws -> JSONValue {
    do {
      return try perform(request, deadline: deadline)
    } catch let error as ControlError {
      throw CommandFailure(error, subject: name)
    }
  }
}
