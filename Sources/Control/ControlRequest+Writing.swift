package import JSON

extension ControlRequest {
  /// The names of all commands, in the order in which `query-commands` gives them.
  package static let commandNames = [
    "create", "up", "run", "down", "start", "stop", "restart", "kill", "pause", "unpause", "reset", "update",
    "remove", "lab-up", "lab-down", "lab-stop",
    "query-vms", "query-vm", "query-arguments", "query-events", "query-why", "query-networks",
    "query-commands",
    "query-supervisor",
    "query-version", "vm-execute", "subscribe", "query-jobs", "job-cancel", "job-dismiss", "image-add",
    "image-pull", "query-images", "image-remove", "image-verify", "query-disks", "disk-remove", "quit",
  ]

  /// Its name on the wire.
  package var commandName: String {
    switch self {
    case .create: "create"
    case .up: "up"
    case .run: "run"
    case .down: "down"
    case .start: "start"
    case .stop: "stop"
    case .restart: "restart"
    case .kill: "kill"
    case .pause: "pause"
    case .unpause: "unpause"
    case .reset: "reset"
    case .update: "update"
    case .remove: "remove"
    case .labUp: "lab-up"
    case .labDown: "lab-down"
    case .labStop: "lab-stop"
    case .queryVMs: "query-vms"
    case .queryVM: "query-vm"
    case .queryArguments: "query-arguments"
    case .queryEvents: "query-events"
    case .queryWhy: "query-why"
    case .queryNetworks: "query-networks"
    case .queryCommands: "query-commands"
    case .querySupervisor: "query-supervisor"
    case .queryVersion: "query-version"
    case .execute: "vm-execute"
    case .subscribe: "subscribe"
    case .queryJobs: "query-jobs"
    case .jobCancel: "job-cancel"
    case .jobDismiss: "job-dismiss"
    case .imageAdd: "image-add"
    case .imagePull: "image-pull"
    case .queryImages: "query-images"
    case .imageRemove: "image-remove"
    case .queryDisks: "query-disks"
    case .diskRemove: "disk-remove"
    case .imageVerify: "image-verify"
    case .quit: "quit"
    }
  }

  /// Its arguments on the wire; what has its default is left out.
  package var arguments: JSONObject {
    var members: JSONObject = [:]
    switch self {
    case .create(let subject): members = subject.arguments
    case .up(let subject, let dryRun):
      members = subject.arguments
      if dryRun { members["dry-run"] = true }
    case .run(let definition, let directory, _):
      members = ["definition": .object(definition), "directory": .string(directory)]
    case .down(let name, let disks, let timeout):
      members = name.arguments
      if disks { members["disks"] = true }
      members["timeout"] = timeout.map(\.secondsOnTheWire)
    case .stop(let name, let timeout), .restart(let name, let timeout):
      members = name.arguments
      members["timeout"] = timeout.map(\.secondsOnTheWire)
    case .start(let name, let now):
      members = name.arguments
      if now { members["now"] = true }
    case .labUp(let lab, let names, let dryRun):
      members = lab.arguments
      members["names"] = names.map { .array($0.map { .string($0) }) }
      if dryRun { members["dry-run"] = true }
    case .labDown(let vms, let disks, let timeout):
      members = vms.arguments
      if disks { members["disks"] = true }
      members["timeout"] = timeout.map(\.secondsOnTheWire)
    case .labStop(let vms, let timeout):
      members = vms.arguments
      members["timeout"] = timeout.map(\.secondsOnTheWire)
    case .kill(let name), .pause(let name), .unpause(let name), .reset(let name),
      .queryVM(let name), .queryArguments(let name), .queryWhy(let name):
      members = name.arguments
    case .update(let name, let settings, let edits, let timeout):
      members = name.arguments
      members["settings"] = .object(settings)
      if !edits.isEmpty { members["edits"] = .object(edits) }
      members["timeout"] = timeout.map(\.secondsOnTheWire)
    case .remove(let name, let disks):
      members = name.arguments
      if disks { members["disks"] = true }
    case .queryEvents(let name, let since, let before):
      members = name?.arguments ?? [:]
      members["since"] = since.map { JSONValue($0) }
      members["before"] = before.map { JSONValue($0) }
    case .execute(let name, let command, let timeout):
      members = name.arguments
      members["command"] = .object(command)
      members["timeout"] = timeout.map(\.secondsOnTheWire)
    case .subscribe(let subscription):
      members["vms"] = subscription.vms.json
      members["jobs"] = subscription.jobs.json
    case .queryJobs(let id, let name):
      members = name?.arguments ?? [:]
      members["id"] = id.map { .string($0) }
    case .jobCancel(let id), .jobDismiss(let id): members["id"] = .string(id)
    case .imageAdd(let file, let name):
      members["file"] = .string(file)
      members["name"] = name.map { .string($0) }
    case .imagePull(let source, let name):
      members = source
      members["name"] = name.map { .string($0) }
    case .imageRemove(let name): members["name"] = .string(name)
    case .diskRemove(let name, let disk):
      members = name.arguments
      members["disk"] = disk.map { .string($0) }
    case .imageVerify(let name): members["name"] = name.map { .string($0) }
    case .quit(let guests, let timeout):
      if guests { members["guests"] = true }
      members["timeout"] = timeout.map(\.secondsOnTheWire)
    case .queryNetworks(let counters): if !counters { members["counters"] = false }
    case .queryVMs, .queryCommands, .querySupervisor, .queryVersion, .queryImages, .queryDisks: break
    }
    return members
  }
}

extension VMReference {
  fileprivate var arguments: JSONObject {
    var members: JSONObject = ["name": .string(name)]
    members["file"] = file.map { .string($0) }
    return members
  }
}

extension ControlRequest.Subject {
  fileprivate var arguments: JSONObject {
    switch self {
    case .named(let vm): return vm.arguments
    case .definition(let definition, let directory, let file):
      var members: JSONObject = ["definition": .object(definition), "directory": .string(directory)]
      members["file"] = file.map { .string($0) }
      return members
    }
  }
}
