package import JSON

/// What a client asks of the supervisor: one case a command of the control socket.
///
/// Changing commands reply once their wish is durable.
package enum ControlRequest: Sendable, Equatable {
  /// The VM that `create` and `up` are about.
  package enum Subject: Sendable, Equatable {
    /// One that the supervisor knows.
    case named(VMReference)

    /// One as its user defined it; relative paths start in `directory`, and `file` is where it was read from.
    case definition(JSONObject, directory: String, file: String?)
  }

  case create(Subject)

  /// Brings a VM to its definition and starts it; a dry run says what that would do.
  case up(Subject, dryRun: Bool)

  /// Makes and starts a VM that goes, with its disks, when a process has ended: the client's own, which the server fills
  /// in, and which is not on the wire.
  case run(definition: JSONObject, directory: String, holder: Int32?)

  /// Stops a VM and forgets it; its disks stay for the next `up` unless they are to go.
  case down(name: VMReference, disks: Bool, timeout: Duration?)

  /// With `now`, whatever the VM depends on.
  case start(name: VMReference, now: Bool = false)

  /// Asks the guest to power off, and ends QEMU when `timeout` has passed.
  case stop(name: VMReference, timeout: Duration?)
  case restart(name: VMReference, timeout: Duration?)

  /// Pulls the plug.
  case kill(name: VMReference)
  case pause(name: VMReference)
  case unpause(name: VMReference)
  case reset(name: VMReference)

  /// `edits` add to lists of the definition and take from them; a guest has `timeout` to let go of a device.
  case update(name: VMReference, settings: JSONObject, edits: JSONObject = [:], timeout: Duration? = nil)

  /// Forgets a stopped VM.
  case remove(name: VMReference, disks: Bool)

  /// Brings a lab to its definition, durably as a whole, and starts its VMs in their order; with `names`, those alone
  /// and what they depend on.
  case labUp(LabDefinition, names: [String]?, dryRun: Bool = false)

  /// Ends several VMs, what depends on others before those, and forgets them.
  case labDown(VMSet, disks: Bool, timeout: Duration?)

  /// Ends several VMs, what depends on others before those.
  case labStop(VMSet, timeout: Duration?)

  case queryVMs
  case queryVM(name: VMReference)

  /// The command line of QEMU.
  case queryArguments(name: VMReference)

  /// The ledger's records, of one VM or all, with numbers between two; the last of them where they are many.
  case queryEvents(name: VMReference?, since: Int?, before: Int? = nil)

  /// What happened to a VM and what to do about it; also of one that has been taken down.
  case queryWhy(name: VMReference)

  /// The private networks of labs, with what their switches count; answered when none is on its way out any more.
  case queryNetworks(counters: Bool)

  /// Answered by the server itself, as `queryVersion` is.
  case queryCommands
  case querySupervisor
  case queryVersion

  /// Any QMP command, `{execute, arguments}`, to a VM's QEMU.
  case execute(name: VMReference, command: JSONObject, timeout: Duration?)

  /// Which events this client hears from here on; answered by the server itself.
  case subscribe(Subscription)

  /// The long work under way and what came of it: of one id, of one VM with its QEMU's own, or all there are.
  case queryJobs(id: String? = nil, name: VMReference? = nil)
  case jobCancel(id: String)

  /// Forgets a job that is concluded.
  case jobDismiss(id: String)

  /// Takes a file into the image store, by a job; without a name it gets the file's.
  case imageAdd(file: String, name: String?)

  /// Downloads one into it, by a job: from `url`, by the checksum in `sha256` or `sha512`, or in the publisher's file at
  /// `checksums`.
  case imagePull(source: JSONObject, name: String?)
  case queryImages

  /// Forgets an image that no VM stands on.
  case imageRemove(name: String)

  /// Reads one image again, or all, by a job.
  case imageVerify(name: String?)

  /// The disks that qemuvm has made.
  case queryDisks

  /// Removes one that nothing uses; nil stands for all that is kept of a VM that is gone.
  case diskRemove(name: VMReference, disk: String?)

  /// Makes the supervisor leave; guests go on, or come down first, gently and still wanted.
  ///
  /// The time is what all guests have from their power buttons on; nil leaves each its own.
  case quit(guests: Bool = false, timeout: Duration? = nil)
}

extension ControlRequest {
  /// The VM it is about, as the client named it; nil when it is about none, or all.
  package var vmName: String? {
    switch self {
    case .create(let subject), .up(let subject, _):
      switch subject {
      case .named(let vm): return vm.name
      case .definition(let definition, _, _):
        return Self.name(in: definition)
      }
    case .run(let definition, _, _): return Self.name(in: definition)
    case .down(let name, _, _), .start(let name, _), .stop(let name, _), .restart(let name, _),
      .kill(let name),
      .pause(let name), .unpause(let name), .reset(let name), .update(let name, _, _, _),
      .remove(let name, _),
      .queryVM(let name), .queryArguments(let name), .queryWhy(let name), .execute(let name, _, _),
      .diskRemove(let name, _):
      return name.name
    case .queryEvents(let name, _, _), .queryJobs(_, let name): return name?.name
    case .labUp, .labDown, .labStop: return nil
    case .queryVMs, .queryNetworks, .queryCommands, .querySupervisor, .queryVersion, .subscribe, .jobCancel,
      .jobDismiss,
      .imageAdd, .imagePull, .queryImages, .imageRemove, .imageVerify, .queryDisks, .quit:
      return nil
    }
  }

  private static func name(in definition: JSONObject) -> String? {
    guard let name = definition["name"]?.string else { return nil }
    return definition["lab"]?.string.map { "\($0)/\(name)" } ?? name
  }

  /// The same as it comes from a process.
  func held(by pid: Int32) -> ControlRequest {
    guard case .run(let definition, let directory, _) = self else { return self }
    return .run(definition: definition, directory: directory, holder: pid)
  }

  /// Whether it only asks the supervisor, so that it may be asked again.
  package var isQuery: Bool {
    switch self {
    case .execute, .jobCancel, .jobDismiss, .imageAdd, .imagePull, .imageRemove, .imageVerify, .diskRemove,
      .quit:
      false
    default: !isChange
    }
  }

  /// Whether it changes a VM, or what is wished of it.
  package var isChange: Bool {
    switch self {
    case .create, .run, .down, .start, .stop, .restart, .kill, .pause, .unpause, .reset, .update, .remove,
      .labDown,
      .labStop:
      true
    case .up(_, let dryRun), .labUp(_, _, let dryRun): !dryRun
    case .queryVMs, .queryVM, .queryNetworks, .queryArguments, .queryEvents, .queryWhy, .queryCommands,
      .querySupervisor,
      .queryVersion, .execute, .subscribe, .queryJobs, .jobCancel, .jobDismiss, .imageAdd, .imagePull,
      .queryImages,
      .imageRemove, .imageVerify, .queryDisks, .diskRemove, .quit:
      false
    }
  }
}
