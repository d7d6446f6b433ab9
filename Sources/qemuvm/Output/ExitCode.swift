/// What the process's exit code says; scripts rely on the numbers.
enum ExitCode: Int32, Sendable, CaseIterable {
  case done = 0
  case failed = 1
  case usage = 2
  case noSuchVM = 3
  case deadline = 4
  case noSupervisor = 5

  var meaning: String {
    switch self {
    case .done: "done"
    case .failed: "failed"
    case .usage: "wrong usage or invalid file"
    case .noSuchVM: "no such VM"
    case .deadline: "a deadline passed"
    case .noSupervisor: "no supervisor could be reached"
    }
  }
}
