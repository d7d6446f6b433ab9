import Control
import Host
import JSON
import Machine
import QMP
import Testing

@testable import Supervisor

/// Verdicts and advice, by state and cause.
@Suite struct DiagnosisTests {
  /// What a VM went through, as the lifecycle and QEMU tell it; the records and the report are made by the real thing.
  struct Story {
    var life: Lifecycle
    var records: [LedgerRecord] = []
    var now = Instant(nanoseconds: 0)
    let name: VMName

    init(_ name: VMName, _ mode: RestartPolicy.Mode = .onFailure, burst: Int? = nil) {
      var policy = RestartPolicy()
      policy.mode = mode
      policy.burst = burst
      life = Lifecycle(policy: policy, stopTimeout: .seconds(60))
      self.name = name
    }

    mutating func add(_ event: LedgerEvent) {
      records.append(.at(records.count + 1, name, event))
    }

    mutating func handle(_ input: LifecycleInput) {
      if case .exited(let status, let stderr) = input {
        add(
          .exited(
            LedgerEvent.ExitFacts(
              pid: 1, status: status, ending: life.ending.map(EndingKind.init), stderr: stderr,
              refusal: RefusalKind(saidByQEMU: stderr),
              ranSeconds: nil,
              oomKills: status == .signal(9) ? oomKills : nil)))
      }
      if input == .spawned { add(.spawned(pid: 1, accelerator: "tcg")) }
      _ = life.handle(input, at: Lifecycle.Moment(now))
      add(.state(LedgerEvent.StateFacts(life)))
    }

    mutating func run() {
      for input in [.start, .spawned, .negotiated, .guest(.resumed)] as [LifecycleInput] { handle(input) }
    }

    /// Lets the back-off pass, and the next start succeed.
    mutating func comeBack() {
      now = life.nextDeadline ?? now
      for input in [.timer, .spawned, .negotiated, .guest(.resumed)] as [LifecycleInput] { handle(input) }
    }

    var oomKills: Int? = 0

    func diagnosis() -> Diagnosis {
      Diagnosis(
        of: name,
        report: VMReport(
          name: name, state: life.state, desired: life.desired, cause: life.cause, backoff: life.backoff,
          health: life.health,
          isProcessStopped: life.guest.check?.isProcessStopped ?? false,
          restarts: life.intent.restarts,
          consoleLog: "", qemuLog: "", wish: 1, keepsSupervisor: false), records: records, at: now)
    }
  }

  private func expect(
    _ story: Story, says verdict: String, advises words: String...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let diagnosis = story.diagnosis()
    #expect(diagnosis.verdict == verdict, sourceLocation: sourceLocation)
    let advice = diagnosis.advice.joined(separator: "\n")
    for word in words {
      #expect(advice.contains(word), "\(word) is not in: \(advice)", sourceLocation: sourceLocation)
    }
    if words.isEmpty { #expect(advice.isEmpty, sourceLocation: sourceLocation) }
  }

  @Test("a VM that runs well needs nothing")
  func well() throws {
    var story = Story(try .shopWeb)
    story.run()
    expect(story, says: "shop/web runs, and has not failed since its user started it.")
  }

  @Test("a signal 9 is somebody's, or the kernel's that ran out of memory")
  func killed() throws {
    var story = Story(try .web)
    story.run()
    story.handle(.exited(.signal(9), stderr: ""))
    expect(
      story,
      says: "web is down for the moment: QEMU was killed by signal 9 (SIGKILL); it starts again in 0.1 s.",
      advises: "a person or a program sent the signal", "qemuvm logs web --qemu")
    story.oomKills = 2
    story.comeBack()
    story.handle(.exited(.signal(9), stderr: ""))
    story.comeBack()
    expect(
      story,
      says: """
        web runs again, and has failed 2 times since its user last started it: QEMU was killed by signal 9 (SIGKILL); \
        most likely the host ran out of memory, for its kernel killed 2 processes at that time.
        """,
      advises: "give the VM less memory")
  }

  @Test("a user's start wipes out what was before it")
  func startedAnew() throws {
    var story = Story(try .web)
    story.run()
    story.handle(.exited(.signal(11), stderr: ""))
    expect(
      story,
      says: "web is down for the moment: QEMU was killed by signal 11 (SIGSEGV); it starts again in 0.1 s.",
      advises: "SIGSEGV points to a fault in QEMU itself")
    story.handle(.stop(timeout: nil))
    story.run()
    expect(story, says: "web runs, and has not failed since its user started it.")
  }

  @Test("the time until the next start is what is left of it")
  func countdown() throws {
    var story = Story(try .web)
    story.run()
    story.handle(.exited(.signal(9), stderr: ""))
    story.now = story.now + .milliseconds(60)
    #expect(story.diagnosis().cause == "QEMU was killed by signal 9 (SIGKILL); it starts again in 40 ms")
    story.now = story.now + .milliseconds(60)
    #expect(story.diagnosis().cause == "QEMU was killed by signal 9 (SIGKILL); it starts again now")
  }

  @Test("how often it failed and since when comes before the last time")
  func sinceWhen() throws {
    var story = Story(try .web)
    story.add(.wish(verb: "up", by: .user, number: 1))
    story.run()
    story.handle(.exited(.signal(9), stderr: ""))
    story.comeBack()
    story.handle(.exited(.signal(9), stderr: ""))
    #expect(
      story.diagnosis().verdict.hasPrefix(
        "web is down for the moment, and has failed 2 times since 1970-01-01T00:00:01.000Z: QEMU was killed"))
  }

  @Test("a start refused before it began is what is to be put right")
  func refusedBefore() throws {
    var story = Story(try .web)
    story.add(
      .refused(LedgerEvent.RefusalFacts(verb: "start", reason: "no port", advice: ["Free the port."])))
    story.handle(.startRefused("cannot start: no port"))
    expect(
      story, says: "web is stopped: cannot start: no port.", advises: "Free the port.", "qemuvm start web")
    story.run()
    story.handle(.startRefused("cannot start: no port"))
    #expect(story.life.cause == "running")
  }

  @Test("a start that QEMU refused names the key")
  func refused() throws {
    var story = Story(try .web)
    story.handle(.start)
    story.handle(.spawned)
    story.handle(.exited(.code(1), stderr: "unsupported machine type: \"pc-0.1\""))
    expect(
      story,
      says: """
        web is down and stays down: cannot start: QEMU exited with code 1 before QMP answered: \
        'unsupported machine type: "pc-0.1"'.
        """,
      advises: "The key is machine", "qemuvm args web", "qemuvm start web")
  }

  @Test("a crash loop that is given up says how often")
  func givenUp() throws {
    var story = Story(try .web, burst: 3)
    story.run()
    for _ in 0..<3 {
      story.handle(.exited(.code(2), stderr: "out of luck"))
      if story.life.state == .backoff { story.comeBack() }
    }
    expect(
      story,
      says: """
        web is down and stays down, and has failed 3 times since its user last started it: given up after 3 failures \
        within \(story.life.policy.window.inWords): QEMU exited with code 2: 'out of luck'.
        """,
      advises: "qemuvm logs web --qemu", "qemuvm start web")
  }

  @Test("a panic sends to the console")
  func panicked() throws {
    var story = Story(try .web, .no)
    story.run()
    story.handle(.guest(.panicked))
    story.handle(.exited(.code(0), stderr: ""))
    expect(
      story, says: "web is down and stays down: the guest panicked; its restart policy is 'no'.",
      advises: "qemuvm logs web --tail 50")
  }

  @Test("a guest that powered itself off, and one that its user stopped")
  func stopped() throws {
    var story = Story(try .web)
    story.run()
    story.handle(.guest(.shutdown(reason: "guest-shutdown")))
    story.handle(.exited(.code(0), stderr: ""))
    expect(
      story, says: "web is stopped: the guest powered itself off.", advises: "\"always\"", "qemuvm start web")
    story.run()
    story.handle(.stop(timeout: nil))
    expect(
      story, says: "web is on its way down: the user asked it to stop.", advises: "qemuvm logs web --qemu")
    story.handle(.exited(.code(0), stderr: ""))
    expect(story, says: "web is stopped: stopped by the user.", advises: "qemuvm start web")
  }

  @Test("a guest ended from outside that is still wanted")
  func endedFromOutside() throws {
    var story = Story(try .web, .no)
    story.run()
    story.handle(.guest(.shutdown(reason: "host-signal")))
    story.handle(.exited(.code(0), stderr: "terminating on signal 15 from pid 77"))
    expect(
      story,
      says: """
        web is down, though it is wanted: QEMU was ended from outside (host-signal): 'terminating on signal 15 from \
        pid 77'.
        """,
      advises: "names the process")
  }

  @Test("a full disk says where to make room, a failed one where to look")
  func ioError() throws {
    var story = Story(try .web)
    story.run()
    story.add(
      .qmp(event: "BLOCK_IO_ERROR", data: ["nospace": true, "file": "/srv/images/web.qcow2"], count: 1))
    story.handle(.guest(.ioError("no space left for disk 'disk0'", noSpace: true)))
    expect(
      story,
      says: """
        web does not run, with its memory kept: QEMU paused it: no space left for disk 'disk0'; it goes on by itself \
        when there is space.
        """,
      advises: "'df -h /srv/images'", "goes on by itself", "qemuvm unpause web")

    var broken = Story(try .web)
    broken.run()
    broken.add(.qmp(event: "BLOCK_IO_ERROR", data: ["nospace": false, "file": "/srv/w"], count: 1))
    broken.handle(.guest(.ioError("disk 'disk0' failed: Input/output error", noSpace: false)))
    expect(
      broken,
      says:
        "web does not run, with its memory kept: QEMU paused it: disk 'disk0' failed: Input/output error.",
      advises: "storage of /srv/w", "dmesg")
  }

  @Test("a guest that is kept after its panic is to be looked at")
  func kept() throws {
    var story = Story(try .web)
    story.life.guest.keepsPanicked = true
    story.run()
    story.handle(.guest(.panicked))
    expect(
      story,
      says: "web does not run, with its memory kept: the guest panicked and is kept as it is (panic: pause).",
      advises: "qemuvm logs web --tail 50", "qemuvm restart web")
  }

  @Test("a guest that boots again and again")
  func bootLoop() throws {
    var story = Story(try .web, .no)
    story.run()
    for _ in 0..<10 { story.handle(.guest(.reset(byGuest: true))) }
    story.handle(.exited(.code(0), stderr: ""))
    expect(
      story,
      says: """
        web is down and stays down: the guest reset itself 10 times and never came up (a boot loop); its restart \
        policy is 'no'.
        """,
      advises: "wrong one", "qemuvm logs web --tail 50")
  }

  @Test("a user's pause is no disk's, whatever happened before")
  func paused() throws {
    var story = Story(try .web)
    story.run()
    story.add(.qmp(event: "BLOCK_IO_ERROR", data: ["nospace": true], count: 1))
    story.handle(.guest(.stopped))
    story.handle(.runState(.paused))
    let diagnosis = story.diagnosis()
    #expect(diagnosis.verdict == "web does not run, with its memory kept: paused by the user.")
    #expect(diagnosis.advice == ["'qemuvm unpause web' lets it go on at once."])
  }

  @Test("a QEMU that is gone when a supervisor comes back")
  func vanished() throws {
    var story = Story(try .web, .no)
    story.run()
    story.handle(.absent(hostRebooted: false))
    expect(
      story,
      says:
        "web is down and stays down: QEMU ended while no supervisor was running; its restart policy is 'no'.",
      advises: "journalctl")
  }

  @Test("a VM that has been taken down is told from its records")
  func removed() throws {
    var story = Story(try .web)
    story.run()
    story.handle(.stop(timeout: nil))
    story.handle(.exited(.code(0), stderr: ""))
    story.add(.removed)
    let diagnosis = Diagnosis(of: try .web, report: nil, records: story.records)
    let time = try #require(story.records.last).time.rfc3339
    #expect(
      diagnosis.verdict
        == "web is not there any more: it was taken down at \(time); before that: stopped by the user.")
    #expect(diagnosis.state == nil && diagnosis.advice.count == 1)
  }

  @Test("a VM without a record is told from its state")
  func unrecorded() throws {
    var story = Story(try .web)
    story.run()
    story.records = []
    expect(story, says: "web runs, and has not failed since its user started it.")
    #expect(Diagnosis(of: try .web, report: nil, records: []).verdict.contains("records do not say"))
  }

  @Test("of the times without a supervisor only those between the VM's own records are told")
  func gaps() throws {
    let gap = LedgerEvent.gap(
      LedgerEvent.GapFacts(since: nil, seconds: 1, wasOrderly: true, hasRebooted: false, tornBytes: 0))
    let web = try VMName.web
    let kinds = [gap, gap, .message("a"), gap, gap, gap, .message("b"), .message("c"), gap, gap]
    let records = kinds.enumerated().map { index, event in
      LedgerRecord.at(index + 1, event == gap ? nil : web, event)
    }
    let kept = Diagnosis(of: web, report: nil, records: records).records
    #expect(kept.map(\.seq) == [3, 6, 7, 8])
  }

  @Test(
    "QEMU's own words for a refusal lead to a key",
    arguments: [
      ("unsupported machine type: 'x'", "machine"), ("unable to find CPU model 'x'", "cpu"),
      ("Failed to get \"write\" lock", "lslocks"),
      ("Could not set up host forwarding rule 'tcp::22-:22'", "ports"),
      ("Could not access KVM kernel module: No such file or directory", "accelerator"),
      ("cannot set up guest memory 'ram0': Cannot allocate memory", "memory"),
      ("'nix' is not a valid device model name", "arguments"), ("-nix: invalid option", "arguments"),
      ("Could not open '/x.img': No such file or directory", "disks"),
    ])
  func hints(words: String, hint: String) {
    #expect(RefusalKind(saidByQEMU: words)?.hint.contains(hint) == true)
  }
}

/// The last lines of a log.
@Suite struct LogTailTests {
  @Test("words of an earlier QEMU are left out, as far as they can be told")
  func since() throws {
    let folder = try LedgerFolder()
    let path = folder.path + "/qemu.log"
    let lines = [
      "Assertion of before", "2026-11-27T13:35:01.000000Z qemu-system-x86_64: terminating on signal 15",
      "no time at all", "2026-11-27T13:35:21.000001Z qemu-system-x86_64: something",
    ]
    try FileSystem.replace(path, with: Array((lines.joined(separator: "\n") + "\n").utf8), durable: false)
    let start = try #require(Timestamp(rfc3339: "2026-11-27T13:35:21.000Z"))
    #expect(LogTail.lines(of: path) == lines)
    #expect(LogTail.lines(of: path, since: start) == Array(lines.suffix(2)))
    #expect(LogTail.lines(of: path, count: 1, since: start) == [lines[3]])
  }
}
