import Control
import JSON
import QMP
import Testing

@testable import qemuvm

@Suite("Waiting for a VM") struct VMWaitTests {
  static func vm(
    _ state: String, wish: Int = 2, desired: String = "running", cause: String? = nil, pid: Int? = nil,
    actions: [String] = [], health: String = "none", stuck: Bool? = nil
  ) -> JSONObject {
    [
      "name": "web", "lab": "shop", "state": .string(state), "desired": .string(desired),
      "wish": JSONValue(wish),
      "cause": cause.map(JSONValue.string) ?? .null, "pid": pid.map { JSONValue($0) } ?? .null,
      "accelerator": "kvm", "actions": .array(actions.map(JSONValue.string)), "pending": [],
      "health": .string(health),
      "waitsFor": stuck.map { [["name": "db", "condition": "started", "stuck": .bool($0)]] } ?? .null,
    ]
  }

  static let web = FullName("web", lab: "shop")

  static func change(_ data: JSONObject) -> VMEvent {
    VMEvent(QMPEvent("VM_STATE_CHANGED", data)) ?? .removed(FullName("unreadable"), wish: 0)
  }

  static let removal = VMEvent.removed(web, wish: 2)

  static func reply(_ object: JSONObject) -> VMReply {
    do {
      return try VMReply(json: .object(object))
    } catch {
      Issue.record("\(error)")
      let name = FullName("unreadable")
      return VMReply(
        status: VMStatus(name: name, state: Word(.stopped)),
        change: VMChange(name: name, state: Word(.stopped)),
        actions: [])
    }
  }

  /// A wait that has its reply.
  static func wait(_ goal: Goal, _ reply: JSONObject) -> VMWait {
    var wait = VMWait(label: "web", goal: goal)
    _ = wait.take(reply: Self.reply(reply), elapsed: .milliseconds(10))
    return wait
  }

  @Test(
    "A reply ends the wait where the goal is reached already, or never will be",
    arguments: [
      (.running, vm("running"), true), (.running, vm("starting", actions: ["start"]), nil),
      (.running, vm("failed"), false), (.running, vm("paused"), false),
      (.running, vm("paused", actions: ["start"]), nil), (.running, vm("stopped", actions: ["start"]), nil),
      (.running, vm("backoff"), nil), (.restarted, vm("running", pid: 7), nil),
      (.restarted, vm("stopping"), nil), (.restarted, vm("starting", pid: 7), nil),
      (.unpaused, vm("paused"), nil), (.unpaused, vm("running"), true), (.paused, vm("running"), nil),
      (.paused, vm("paused"), true), (.paused, vm("stopping"), false),
      (.stopped, vm("stopping", desired: "stopped"), nil),
      (.stopped, vm("stopped", desired: "stopped"), true), (.stopped, vm("running"), nil),
      (.removed, vm("stopped", desired: "stopped"), nil), (.accepted("reset"), vm("running"), true),
      (.running, vm("a-state-of-the-future"), nil), (.running, vm("running", health: "starting"), true),
      (.healthy, vm("running", health: "starting"), nil), (.healthy, vm("running", health: "healthy"), true),
      (.healthy, vm("running"), true), (.healthy, vm("running", health: "unhealthy"), false),
      (.healthy, vm("starting", health: "starting"), nil), (.healthy, vm("failed"), false),
      (.running, vm("waiting", stuck: false), nil), (.running, vm("waiting", stuck: true), false),
      (.restarted, vm("waiting", stuck: true), false), (.paused, vm("waiting"), false),
      (.stopped, vm("waiting"), nil),
    ] as [(Goal, JSONObject, Bool?)])
  func replies(goal: Goal, reply: JSONObject, isReached: Bool?) {
    let outcome = Self.wait(goal, reply).outcome
    switch isReached {
    case nil: #expect(outcome == nil)
    case true?: #expect(outcome == .reached)
    case false?:
      guard case .failed(let failure) = outcome else {
        Issue.record("\(String(describing: outcome))")
        return
      }
      #expect(failure.code == .failed)
      #expect(failure.subject == "shop/web")
    }
  }

  @Test(
    "An event ends the wait where it brings the goal, or makes it impossible",
    arguments: [
      (.running, vm("starting"), change(vm("running")), true),
      (.running, vm("starting"), change(vm("failed", cause: "no")), false),
      (.running, vm("starting"), change(vm("paused", cause: "no space")), false),
      (.running, vm("starting"), change(vm("backoff")), nil),
      (.running, vm("starting"), change(vm("stopped", desired: "stopped")), false),
      (.running, vm("starting"), removal, false),
      (.restarted, vm("running", pid: 7), change(vm("running", pid: 7)), nil),
      (.restarted, vm("running", pid: 7), change(vm("running", pid: 8)), true),
      (.restarted, vm("starting", pid: 7), change(vm("running", pid: 7)), true),
      (.restarted, vm("stopped"), change(vm("running", pid: 8)), true),
      (.stopped, vm("stopping"), change(vm("stopped", desired: "stopped")), true),
      (.stopped, vm("stopping"), change(vm("starting", wish: 3)), false),
      (.stopped, vm("stopping"), removal, true),
      (.removed, vm("stopping"), change(vm("stopped", desired: "stopped")), nil),
      (.removed, vm("stopping"), removal, true),
      (
        .removed, vm("stopping"), change(vm("failed", desired: "stopped", cause: "stopped, but not removed")),
        false
      ),
      (.paused, vm("running"), change(vm("paused")), true),
      (.paused, vm("running"), change(vm("stopping", wish: 3)), false),
      (.paused, vm("running"), change(vm("backoff")), false),
      (.paused, vm("running"), change(vm("starting")), false),
      (.unpaused, vm("paused"), change(vm("running")), true),
    ] as [(Goal, JSONObject, VMEvent, Bool?)])
  func events(goal: Goal, reply: JSONObject, event: VMEvent, isReached: Bool?) {
    var wait = Self.wait(goal, reply)
    #expect(wait.outcome == nil)
    _ = wait.take(event: event, elapsed: .seconds(1))
    switch isReached {
    case nil: #expect(wait.outcome == nil)
    case true?: #expect(wait.outcome == .reached)
    case false?:
      if case .failed = wait.outcome {} else { Issue.record("\(String(describing: wait.outcome))") }
    }
  }

  @Test("Events that overtake the reply count when it is there, older wishes and other VMs never")
  func order() {
    var wait = VMWait(label: "web", goal: .running)
    var other = Self.vm("running")
    other["lab"] = "farm"
    for event in [Self.change(Self.vm("failed", wish: 1)), Self.change(other)] {
      #expect(wait.take(event: event, elapsed: .zero).isEmpty)
    }
    #expect(wait.take(event: Self.change(Self.vm("running")), elapsed: .zero).isEmpty)
    let messages = wait.take(
      reply: Self.reply(Self.vm("starting", actions: ["start"])), elapsed: .milliseconds(60))
    #expect(wait.outcome == .reached)
    #expect(messages == [.progress(.starting, "starting"), .progress(.running, "running (kvm, 0.06 s)")])
    #expect(wait.label == "shop/web")
  }

  @Test("What is already as wished is said so, and what waits is named")
  func nothingToDo() {
    var wait = VMWait(label: "web", goal: .running)
    var reply = Self.vm("running")
    reply["pending"] = ["memory 1G"]
    let note = VMWait.Message.note("shop/web: waits for the next start: memory 1G")
    #expect(
      wait.take(reply: Self.reply(reply), elapsed: .zero) == [
        note, .progress(.running, "already running (kvm)"),
      ])
    reply["actions"] = ["update"]
    wait = VMWait(label: "web", goal: .running)
    #expect(
      wait.take(reply: Self.reply(reply), elapsed: .zero) == [
        note, .progress(.running, "updated, running (kvm)"),
      ])
  }

  @Test("A failed start tells its cause and what to do next")
  func failure() {
    var wait = Self.wait(.running, Self.vm("starting"))
    _ = wait.take(event: Self.change(Self.vm("failed", cause: "QEMU exited with code 1")), elapsed: .zero)
    #expect(
      wait.outcome
        == .failed(
          CommandFailure(
            .failed, "shop/web", "cannot start: QEMU exited with code 1",
            hints: [
              "'qemuvm why shop/web' tells more, and what to do; 'qemuvm logs shop/web --qemu' has QEMU's own words."
            ])))
  }

  @Test(
    "What could not be done is said once, and in the words of what was tried",
    arguments: [
      (.running, "refused", "cannot start: QEMU exited with code 1", "cannot start: QEMU exited with code 1"),
      (.restarted, "refused", "cannot start: no such file", "cannot start: no such file"),
      (.restarted, "died", "QEMU exited with code 1", "cannot restart: QEMU exited with code 1"),
    ] as [(Goal, String, String, String)])
  func refusals(goal: Goal, ending: String, cause: String, reason: String) {
    var wait = Self.wait(goal, Self.vm("starting"))
    var failed = Self.vm("failed", cause: cause)
    failed["ending"] = .string(ending)
    _ = wait.take(event: Self.change(failed), elapsed: .zero)
    guard case .failed(let failure) = wait.outcome else {
      Issue.record("\(String(describing: wait.outcome))")
      return
    }
    #expect(failure.reason == reason)
  }

  @Test("What an update changes is named, also of a VM that is down")
  func differences() {
    var reply = Self.vm("stopped", actions: ["update", "start"])
    reply["differences"] = ["cpus: 3 -> 1"]
    var wait = VMWait(label: "web", goal: .running)
    let note = VMWait.Message.note("shop/web: changed: cpus: 3 -> 1")
    #expect(wait.take(reply: Self.reply(reply), elapsed: .zero).first == note)
  }

  @Test("What a person should know while waiting is passed on")
  func messages() {
    var wait = Self.wait(.stopped, Self.vm("stopping"))
    let message = VMEvent.message(Self.web, "ended by force", gaveUp: false)
    // One that came before a reply that says that all is done is told all the same.
    var done = VMWait(label: "web", goal: .stopped)
    #expect(done.take(event: message, elapsed: .zero) == [])
    let reply: JSONObject = ["name": "web", "lab": "shop", "state": "stopped", "wish": 1]
    #expect(done.take(reply: Self.reply(reply), elapsed: .zero).first == .note("shop/web: ended by force"))
    #expect(done.outcome == .reached)
    #expect(wait.take(event: message, elapsed: .zero) == [.note("shop/web: ended by force")])
    #expect(wait.outcome == nil)
    let last = VMEvent.message(Self.web, "state D", gaveUp: true)
    #expect(wait.take(event: last, elapsed: .zero).isEmpty)
    #expect(wait.outcome == .failed(CommandFailure(.deadline, "shop/web", "cannot stop: state D")))
  }

  @Test("A deadline says how far it came, with its own exit code")
  func deadline() {
    var wait = Self.wait(.stopped, Self.vm("stopping"))
    wait.endTime(after: .seconds(5))
    guard case .failed(let failure) = wait.outcome else {
      Issue.record("no failure")
      return
    }
    #expect(failure.code == .deadline)
    #expect(failure.reason == "cannot stop within 5s: it is still stopping")
  }

  @Test("A VM that is not known is fine where it is not to be there")
  func unknown() {
    let error = ControlError(.notFound, "no such VM", fact: .noSuchVM)
    var strict = VMWait(label: "web", goal: .removed)
    _ = strict.take(error: error)
    #expect(strict.outcome == .failed(CommandFailure(error, subject: "web")))
    var lax = VMWait(label: "web", goal: .removed, isUnknownFine: true)
    #expect(lax.take(error: error) == [.progress(.stopped, "is not there")])
    #expect(lax.outcome == .reached)
  }

  @Test(
    "The exit code is the one VM's own, and of several that one failed",
    arguments: [
      ([nil], .done), ([.noSuchVM], .noSuchVM), ([.deadline], .deadline), ([nil, .noSuchVM], .failed),
      ([nil, .deadline], .deadline), ([.deadline, .failed], .failed),
      ([.noSupervisor, .noSupervisor], .noSupervisor),
      ([nil, nil], .done), ([.usage, .usage], .failed),
    ] as [([ExitCode?], ExitCode)])
  func codes(failures: [ExitCode?], code: ExitCode) {
    let outcomes = failures.map { failure -> VMWait.Outcome? in
      failure.map { .failed(CommandFailure($0, "web", "no")) } ?? .reached
    }
    #expect(FleetCommand.code(outcomes) == code)
  }
}
