import Control
import JSON
import QMP
import Testing

@Suite("A request of the control socket")
struct RequestTests {
  /// Every request beside what it is on the wire.
  static let table: [(ControlRequest, String, JSONObject)] = [
    (.create(.named("web")), "create", ["name": "web"]),
    (
      .create(.definition(["name": "web"], directory: "/home/u", file: nil)), "create",
      ["definition": ["name": "web"], "directory": "/home/u"]
    ),
    (.up(.named("shop/web"), dryRun: false), "up", ["name": "shop/web"]),
    (
      .up(.definition(["name": "web", "lab": "shop"], directory: "/d", file: "/d/q.json5"), dryRun: true),
      "up",
      [
        "definition": ["name": "web", "lab": "shop"], "directory": "/d", "file": "/d/q.json5",
        "dry-run": true,
      ]
    ),
    (
      .run(definition: ["name": "web"], directory: "/d", holder: nil), "run",
      ["definition": ["name": "web"], "directory": "/d"]
    ),
    (.down(name: "web", disks: false, timeout: nil), "down", ["name": "web"]),
    (
      .down(name: "web", disks: true, timeout: .seconds(10)), "down",
      ["name": "web", "disks": true, "timeout": 10]
    ),
    (.start(name: "web"), "start", ["name": "web"]),
    (
      .start(name: VMReference("shop/web", file: "/d/q.json5")), "start",
      ["name": "shop/web", "file": "/d/q.json5"]
    ),
    (
      .up(.named(VMReference("shop/web", file: "/d/q.json5")), dryRun: false), "up",
      ["name": "shop/web", "file": "/d/q.json5"]
    ),
    (.stop(name: "web", timeout: .milliseconds(2500)), "stop", ["name": "web", "timeout": 2.5]),
    (.stop(name: "web", timeout: .zero), "stop", ["name": "web", "timeout": 0]),
    (.restart(name: "web", timeout: nil), "restart", ["name": "web"]),
    (.restart(name: "web", timeout: .milliseconds(1)), "restart", ["name": "web", "timeout": 0.001]),
    (.kill(name: "web"), "kill", ["name": "web"]),
    (.pause(name: "web"), "pause", ["name": "web"]),
    (.unpause(name: "web"), "unpause", ["name": "web"]),
    (.reset(name: "web"), "reset", ["name": "web"]),
    (
      .update(name: "web", settings: ["cpus": 2]), "update", ["name": "web", "settings": ["cpus": 2]]
    ),
    (.remove(name: "web", disks: false), "remove", ["name": "web"]),
    (.remove(name: "web", disks: true), "remove", ["name": "web", "disks": true]),
    (.start(name: "web", now: true), "start", ["name": "web", "now": true]),
    (
      .labUp(
        LabDefinition(
          lab: "shop", file: "/d/q.json5", directory: "/d", networks: ["backend": [:]],
          vms: [["name": "db"], ["name": "web", "dependsOn": ["db"]]]), names: ["web"], dryRun: true),
      "lab-up",
      [
        "lab": "shop", "file": "/d/q.json5", "directory": "/d", "networks": ["backend": [:]],
        "vms": [["name": "db"], ["name": "web", "dependsOn": ["db"]]], "names": ["web"], "dry-run": true,
      ]
    ),
    (
      .labUp(LabDefinition(lab: "shop", file: nil, directory: "/d", vms: []), names: nil), "lab-up",
      ["lab": "shop", "directory": "/d", "vms": []]
    ),
    (
      .labDown(.lab("shop", file: "/d/q.json5"), disks: true, timeout: .seconds(1)), "lab-down",
      ["lab": "shop", "file": "/d/q.json5", "disks": true, "timeout": 1]
    ),
    (
      .labStop(.vms(["web", VMReference("shop/db", file: "/d/q.json5")]), timeout: nil), "lab-stop",
      ["vms": ["web", ["name": "shop/db", "file": "/d/q.json5"]]]
    ),
    (.queryVMs, "query-vms", [:]),
    (.queryVM(name: "web"), "query-vm", ["name": "web"]),
    (.queryArguments(name: "web"), "query-arguments", ["name": "web"]),
    (.queryEvents(name: nil, since: nil), "query-events", [:]),
    (.queryEvents(name: "web", since: 17), "query-events", ["name": "web", "since": 17]),
    (.queryEvents(name: nil, since: 17, before: 99), "query-events", ["since": 17, "before": 99]),
    (.queryWhy(name: "web"), "query-why", ["name": "web"]),
    (.queryNetworks(counters: true), "query-networks", [:]),
    (.queryNetworks(counters: false), "query-networks", ["counters": false]),
    (.queryCommands, "query-commands", [:]),
    (.querySupervisor, "query-supervisor", [:]),
    (.queryVersion, "query-version", [:]),
    (
      .execute(name: "web", command: ["execute": "query-status"], timeout: nil), "vm-execute",
      ["name": "web", "command": ["execute": "query-status"]]
    ),
    (
      .execute(
        name: "web", command: ["execute": "balloon", "arguments": ["value": 1]], timeout: .seconds(1)),
      "vm-execute",
      ["name": "web", "command": ["execute": "balloon", "arguments": ["value": 1]], "timeout": 1]
    ),
    (.subscribe(.everything), "subscribe", ["vms": true, "jobs": true]),
    (.subscribe(Subscription()), "subscribe", [:]),
    (
      .subscribe(Subscription(vms: .named(["web", "shop/db"]), jobs: .named(["7"]))), "subscribe",
      ["vms": ["shop/db", "web"], "jobs": ["7"]]
    ),
    (.queryJobs(), "query-jobs", [:]),
    (.queryJobs(id: "7"), "query-jobs", ["id": "7"]),
    (.queryJobs(name: "shop/web"), "query-jobs", ["name": "shop/web"]),
    (.jobCancel(id: "7"), "job-cancel", ["id": "7"]),
    (.jobDismiss(id: "7"), "job-dismiss", ["id": "7"]),
    (.imageAdd(file: "/a.img", name: nil), "image-add", ["file": "/a.img"]),
    (.imageAdd(file: "/a.img", name: "a"), "image-add", ["file": "/a.img", "name": "a"]),
    (
      .imagePull(source: ["url": "https://a/b", "sha256": "00"], name: nil), "image-pull",
      ["url": "https://a/b", "sha256": "00"]
    ),
    (
      .imagePull(source: ["url": "https://a/b", "checksums": "https://a/c"], name: "a"), "image-pull",
      ["url": "https://a/b", "checksums": "https://a/c", "name": "a"]
    ),
    (.queryImages, "query-images", [:]),
    (.imageRemove(name: "a"), "image-remove", ["name": "a"]),
    (.queryDisks, "query-disks", [:]),
    (.diskRemove(name: "a", disk: "d"), "disk-remove", ["name": "a", "disk": "d"]),
    (.diskRemove(name: "a", disk: nil), "disk-remove", ["name": "a"]),
    (.imageVerify(name: nil), "image-verify", [:]),
    (.imageVerify(name: "a"), "image-verify", ["name": "a"]),
    (.quit(), "quit", [:]),
    (.quit(guests: true), "quit", ["guests": true]),
    (.quit(guests: true, timeout: .seconds(90)), "quit", ["guests": true, "timeout": 90]),
  ]

  @Test("is written and read back the same", arguments: table.indices)
  func bothWays(row: Int) throws {
    let (request, name, arguments) = Self.table[row]
    #expect(request.commandName == name)
    #expect(request.arguments == arguments)
    #expect(try ControlRequest(command: name, arguments: arguments) == request)
  }

  @Test("stands in the list of commands, each once")
  func names() {
    #expect(Set(ControlRequest.commandNames) == Set(Self.table.map(\.1)))
    #expect(ControlRequest.commandNames.count == Set(ControlRequest.commandNames).count)
  }

  @Test(
    "is refused by the name of what is wrong",
    arguments: [
      ("stop", [:], "Parameter 'name' is missing"),
      ("stop", ["name": nil], "Parameter 'name' is missing"),
      ("stop", ["name": 5], "Invalid parameter 'name': expected a string, found 5"),
      ("stop", ["name": "web", "disks": true], "Parameter 'disks' is unexpected"),
      (
        "stop", ["name": "web", "timeout": "1s"],
        "Invalid parameter 'timeout': expected a number, found \"1s\""
      ),
      (
        "stop", ["name": "web", "timeout": -1],
        "Invalid parameter 'timeout': expected 0 to 1000000000 seconds, found -1.0"
      ),
      (
        "stop", ["name": "web", "timeout": 1e300],
        "Invalid parameter 'timeout': expected 0 to 1000000000 seconds, found 1e+300"
      ),
      ("up", [:], "Parameter 'name' or 'definition' is missing"),
      ("up", ["name": "web", "definition": [:]], "Parameter 'name' cannot stand beside 'definition'"),
      ("up", ["name": "web", "directory": "/"], "Parameter 'directory' is unexpected"),
      ("up", ["definition": [:]], "Parameter 'directory' is missing"),
      ("up", ["name": "web", "dry-run": 1], "Invalid parameter 'dry-run': expected true or false, found 1"),
      ("create", ["name": "web", "dry-run": true], "Parameter 'dry-run' is unexpected"),
      (
        "update", ["name": "web", "settings": []],
        "Invalid parameter 'settings': expected an object, found an array"
      ),
      ("lab-up", ["lab": "shop", "directory": "/"], "Parameter 'vms' is missing"),
      (
        "lab-up", ["lab": "shop", "directory": "/", "vms": ["web"]],
        "Invalid parameter 'vms': expected an object, found \"web\""
      ),
      ("lab-down", [:], "Parameter 'lab' or 'vms' is missing"),
      ("lab-down", ["lab": "shop", "vms": []], "Parameter 'lab' cannot stand beside 'vms'"),
      ("lab-stop", ["vms": [7]], "Invalid parameter 'vms': expected names or objects, found 7"),
      ("lab-stop", ["vms": [["name": "a", "x": 1]]], "Parameter 'x' is unexpected"),
      ("query-vms", ["name": "web"], "Parameter 'name' is unexpected"),
      ("vm-execute", ["name": "web"], "Parameter 'command' is missing"),
      (
        "vm-execute", ["name": "web", "command": [:]],
        "Invalid parameter 'command': QMP input lacks member 'execute'"
      ),
      (
        "vm-execute", ["name": "web", "command": ["execute": "x", "id": 1]],
        "Invalid parameter 'command': 'id' belongs beside the outer 'execute'"
      ),
    ] as [(String, JSONObject, String)])
  func refusals(command: String, arguments: JSONObject, description: String) {
    #expect(throws: ControlError(.failed, description)) {
      try ControlRequest(command: command, arguments: arguments)
    }
  }

  @Test("that nobody knows has QEMU's class and words")
  func unknownCommand() {
    let error = #expect(throws: ControlError.self) { try ControlRequest(command: "fly", arguments: [:]) }
    #expect(error?.reply == QMPErrorReply("CommandNotFound", "The command fly has not been found"))
  }

  @Test(
    "names its VM",
    arguments: [
      (.up(.named("shop/web"), dryRun: false), "shop/web"),
      (
        .up(.definition(["name": "web", "lab": "shop"], directory: "/", file: nil), dryRun: false), "shop/web"
      ),
      (.up(.definition(["name": "web"], directory: "/", file: nil), dryRun: false), "web"),
      (.up(.definition([:], directory: "/", file: nil), dryRun: false), nil),
      (.kill(name: "db"), "db"),
      (.execute(name: "db", command: [:], timeout: nil), "db"),
      (.queryEvents(name: "db", since: nil), "db"),
      (.queryVMs, nil),
    ] as [(ControlRequest, String?)])
  func vmName(request: ControlRequest, name: String?) {
    #expect(request.vmName == name)
  }

  @Test("is no change when it only looks, or is a dry run")
  func changes() {
    let looks = Self.table.map(\.0).filter { !$0.isChange }.map(\.commandName)
    #expect(
      looks == [
        "up", "lab-up", "query-vms", "query-vm", "query-arguments", "query-events", "query-events",
        "query-events",
        "query-why", "query-networks", "query-networks", "query-commands", "query-supervisor",
        "query-version", "vm-execute", "vm-execute",
        "subscribe", "subscribe", "subscribe", "query-jobs", "query-jobs", "query-jobs", "job-cancel",
        "job-dismiss", "image-add", "image-add", "image-pull", "image-pull", "query-images", "image-remove",
        "query-disks", "disk-remove",
        "disk-remove", "image-verify",
        "image-verify", "quit", "quit", "quit",
      ])
  }

  @Test(
    "fails with an error that the wire carries",
    arguments: [
      (ControlError(.failed, "a"), "GenericError"), (ControlError(.invalid, "b"), "InvalidDefinition"),
      (ControlError(.notFound, "c"), "DeviceNotFound"), (ControlError(.timedOut, "d"), "Timeout"),
      (ControlError(.commandNotFound, "e"), "CommandNotFound"),
      (ControlError(.qemu("DeviceNotActive"), "f"), "DeviceNotActive"),
    ])
  func errors(error: ControlError, errorClass: String) throws {
    #expect(error.reply == QMPErrorReply(errorClass, error.description))
    #expect(ControlError(error.reply) == error)
    let facts = ControlError(
      error.kind, "why", vm: FullName("web", lab: "shop"), verb: "start", fact: .portInUse, advice: ["Do it."]
    )
    #expect(facts.reply.errorClass == errorClass)
    #expect(facts.reply.description == "shop/web: cannot start: why\n  Do it.")
    #expect(ControlError(try QMPErrorReply(json: facts.reply.json)) == facts)
  }

  @Test("fails with QEMU's own class and words when QEMU refused the inner command")
  func innerErrors() {
    let refusal = QMPErrorReply("CommandNotFound", "The command x has not been found")
    let error = ControlError(.execution(refusal, command: "x"), of: FullName("web"))
    #expect(error.kind == .qemu("CommandNotFound"))
    #expect(error.reply == refusal)
    #expect(ControlError(.timedOut(command: "x", after: .seconds(5)), of: FullName("web")).kind == .timedOut)
    #expect(ControlError(.interrupted(command: "x", .peerGone), of: FullName("web")).kind == .failed)
    #expect(ControlError(.interrupted(command: "x", .peerGone)).kind == .disconnected)
  }
}

@Suite("The reply to a command for several VMs")
struct FleetReplyTests {
  @Test("tells of each what was done, or why not, and is read back the same")
  func bothWays() {
    let reply = FleetReply([
      FleetReply.Entry("shop/db", .success(["state": "starting"])),
      FleetReply.Entry("shop/web", .failure(ControlError(.invalid, "web: no"))),
    ])
    #expect(
      reply.json == [
        ["name": "shop/db", "return": ["state": "starting"]],
        ["name": "shop/web", "error": ["class": "InvalidDefinition", "desc": "web: no"]],
      ])
    #expect(FleetReply(json: reply.json).json == reply.json)
  }

  @Test("that cannot be read is a failure of the VM alone")
  func unreadable() {
    let entries = FleetReply(json: [["name": "a"], ["name": "b", "return": [:]]]).entries
    #expect(entries.map(\.name) == ["a", "b"])
    #expect(throws: ControlError.self) { try entries[0].result.get() }
  }
}
