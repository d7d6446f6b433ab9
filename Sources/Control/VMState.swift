internal import JSON

/// The state of a VM as everyone sees it; the table stands in the README.
package enum VMState: String, Sendable, CaseIterable, JSONDecodable {
  case stopped, waiting, starting, running, paused, stopping, backoff, failed
}

/// What the user wants of a VM, kept on disk.
package enum DesiredState: String, Sendable, JSONDecodable {
  case running, stopped
}

/// How a guest that is looked after is; docker's words.
package enum Health: String, Sendable, CaseIterable, JSONDecodable {
  /// Nobody asked for it to be looked after, or no guest is there.
  case none

  /// It runs, and is not ready yet.
  case starting
  case healthy
  case unhealthy
}
