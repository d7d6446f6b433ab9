package import JSON

extension ControlRequest {
  /// Reads a command from the wire; an argument that is unknown, missing or of another type is refused by name.
  package init(command: String, arguments: JSONObject) throws(ControlError) {
    var given = RequestArguments(arguments)
    switch command {
    case "create": self = .create(try given.subject())
    case "up": self = .up(try given.subject(), dryRun: try given.flag("dry-run"))
    case "run":
      self = .run(
        definition: try given.required("definition"), directory: try given.required("directory"), holder: nil)
    case "down":
      self = .down(name: try given.vm(), disks: try given.flag("disks"), timeout: try given.timeout())
    case "start": self = .start(name: try given.vm(), now: try given.flag("now"))
    case "stop": self = .stop(name: try given.vm(), timeout: try given.timeout())
    case "restart": self = .restart(name: try given.vm(), timeout: try given.timeout())
    case "kill": self = .kill(name: try given.vm())
    case "pause": self = .pause(name: try given.vm())
    case "unpause": self = .unpause(name: try given.vm())
    case "reset": self = .reset(name: try given.vm())
    case "update":
      self = .update(
        name: try given.vm(), settings: try given.required("settings"),
        edits: try given.optional("edits") ?? [:],
        timeout: try given.timeout())
    case "remove": self = .remove(name: try given.vm(), disks: try given.flag("disks"))
    case "lab-up":
      self = .labUp(
        try LabDefinition(&given), names: try given.optional("names"), dryRun: try given.flag("dry-run"))
    case "lab-down":
      self = .labDown(
        try VMSet(&given), disks: try given.flag("disks"), timeout: try given.timeout())
    case "lab-stop": self = .labStop(try VMSet(&given), timeout: try given.timeout())
    case "query-vms": self = .queryVMs
    case "query-vm": self = .queryVM(name: try given.vm())
    case "query-arguments": self = .queryArguments(name: try given.vm())
    case "query-events":
      self = .queryEvents(
        name: try given.optionalVM(), since: try given.optional("since"),
        before: try given.optional("before"))
    case "query-why": self = .queryWhy(name: try given.vm())
    case "query-networks": self = .queryNetworks(counters: try given.optional("counters") ?? true)
    case "query-commands": self = .queryCommands
    case "query-supervisor": self = .querySupervisor
    case "query-version": self = .queryVersion
    case "vm-execute":
      self = .execute(name: try given.vm(), command: try given.command(), timeout: try given.timeout())
    case "subscribe":
      self = .subscribe(
        Subscription(vms: try given.optional("vms") ?? .none, jobs: try given.optional("jobs") ?? .none))
    case "query-jobs": self = .queryJobs(id: try given.optional("id"), name: try given.optionalVM())
    case "job-cancel": self = .jobCancel(id: try given.required("id"))
    case "job-dismiss": self = .jobDismiss(id: try given.required("id"))
    case "image-add": self = .imageAdd(file: try given.required("file"), name: try given.optional("name"))
    case "image-pull":
      self = .imagePull(source: try given.source(), name: try given.optional("name"))
    case "query-images": self = .queryImages
    case "image-remove": self = .imageRemove(name: try given.required("name"))
    case "image-verify": self = .imageVerify(name: try given.optional("name"))
    case "query-disks": self = .queryDisks
    case "disk-remove": self = .diskRemove(name: try given.vm(), disk: try given.optional("disk"))
    case "quit": self = .quit(guests: try given.flag("guests"), timeout: try given.timeout())
    default: throw ControlError(.commandNotFound, "The command \(command) has not been found")
    }
    try given.finish()
  }
}
