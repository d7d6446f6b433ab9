/// The states of a VM as the supervisor names them.
enum VMState: String, Sendable, CaseIterable {
  case stopped
  case starting
  case running
  case paused
  case stopping
  case backoff
  case failed
}
