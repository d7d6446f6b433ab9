package import JSON

/// What a client asks of the supervisor: one case a command of the control socket.
///
/// A VM's name is `web` or `shop/web`. Changing commands reply once their wish is durable.
package enum ControlRequest: Sendable, Equatable {
  /// The VM that `create` and `up` are about.
  package enum Subject: Sendable, Equatable {
    /// One that the supervisor knows.
    case named(String)

    /// One as its user defined it; relative paths start in `directory`, and `file` is where it was read from.
    case definition(JSONObject, directory: String, file: String?)
  }

  case create(Subject)

  /// Brings a VM to its definition and starts it; a dry run says what that would do.
  case up(Subject, dryRun: Bool)

  /// Stops a VM and forgets it; its disks stay for the next `up` unless they are to go.
  case down(name: String, disks: Bool, timeout: Duration?)

  case start(name: String)

  /// Asks the guest to power off, and insists when `timeout` has passed.
  case stop(name: String, timeout: Duration?)
  case restart(name: String, timeout: Duration?)

  /// Pulls the plug.
  case kill(name: String)
  case pause(name: String)
  case unpause(name: String)
  case reset(name: String)
  case update(name: String, settings: JSONObject)

  /// Forgets a stopped VM.
  case remove(name: String, disks: Bool)

  case queryVMs
  case queryVM(name: String)

  /// The command line of QEMU.
  case queryArguments(name: String)

  /// The ledger's records, of one VM or all, with numbers between two; the last of them where they are many.
  case queryEvents(name: String?, since: Int?, before: Int? = nil)

  /// What happened to a VM and what to do about it; also of one that has been taken down.
  case queryWhy(name: String)

  /// Answered by the server itself, as `queryVersion` is.
  case queryCommands
  case querySupervisor
  case queryVersion

  /// Any QMP command, `{execute, arguments}`, to a VM's QEMU.
  case execute(name: String, command: JSONObject, timeout: Duration?)

  /// Makes the supervisor leave; guests go on.
  case quit
}

extension ControlRequest {
  /// The VM it is about, as the client named it; nil when it is about none, or all.
  package var vmName: String? {
    switch self {
    case .create(let subject), .up(let subject, _):
      switch subject {
      case .named(let name): return name
      case .definition(let definition, _, _):
        guard let name = definition["name"]?.string else { return nil }
        return definition["lab"]?.string.map { "\($0)/\(name)" } ?? name
      }
    case .down(let name, _, _), .start(let name), .stop(let name, _), .restart(let name, _), .kill(let name),
      .pause(let name), .unpause(let name), .reset(let name), .update(let name, _), .remove(let name, _),
      .queryVM(let name), .queryArguments(let name), .queryWhy(let name), .execute(let name, _, _):
      return name
    case .queryEvents(let name, _, _): return name
    case .queryVMs, .queryCommands, .querySupervisor, .queryVersion, .quit: return nil
    }
  }

  /// Whether it changes a VM, or what is wished of it.
  package var isChange: Bool {
    switch self {
    case .create, .down, .start, .stop, .restart, .kill, .pause, .unpause, .reset, .update, .remove: true
    case .up(_, let dryRun): !dryRun
    case .queryVMs, .queryVM, .queryArguments, .queryEvents, .queryWhy, .queryCommands, .querySupervisor,
      .queryVersion, .execute, .quit:
      false
    }
  }
}
