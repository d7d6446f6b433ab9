import Control
import Dispatch
import Host
import Testing

@testable import qemuvm

@Suite("The doctor") struct DoctorTests {
  @Test(
    "Its guest tells a CPU that runs 64-bit systems from one that does not", .timeLimit(.minutes(5)),
    arguments: [("qemu64", LongModeGuest.Course.done), ("qemu32", .without)])
  func guest(cpu: String, course: LongModeGuest.Course) throws {
    let context = Context(environment: ChildProcess.environment)
    let qemu = try #require(ProgramsCheck.qemu(context), "there is no QEMU")
    #expect(try LongModeGuest(qemu: qemu, accelerator: "tcg", cpu: cpu).course() == course)
  }

  @Test("A QEMU that ends is told with its own words", .timeLimit(.minutes(5)))
  func refusal() throws {
    let context = Context(environment: ChildProcess.environment)
    let qemu = try #require(ProgramsCheck.qemu(context), "there is no QEMU")
    let course = try LongModeGuest(qemu: qemu, accelerator: "tcg", cpu: "none-such").course()
    guard case .stuck(after: nil, let how) = course else {
      Issue.record("\(course)")
      return
    }
    #expect(how.contains("ended with code 1") && how.contains("none-such"), "\(how)")
  }

  @Test("A check that hangs costs its own line alone")
  func hanging() {
    let end = DispatchSemaphore(value: 0)
    defer { end.signal() }
    let findings = Examination.run(
      [
        (
          "folders",
          {
            end.wait()
            return []
          }
        ), ("clock", { [.ok("clock", "right")] }),
      ], within: .milliseconds(500))
    #expect(findings.map(\.subject).first == "folders")
    #expect(findings.first?.verdict == .failure)
  }

  @Test(
    "A unit that kills guests is found, and no other",
    arguments: [
      ("ExecStart=/usr/local/bin/qemuvm supervisor run\n", Finding.Verdict.failure),
      ("ExecStart=/usr/local/bin/qemuvm supervisor run\nKillMode=process\n", .ok),
      ("ExecStart=/usr/local/bin/qemuvm supervisor run\nKillMode=mixed\n", .failure),
      ("Type=oneshot\nExecStart=-/usr/bin/qemuvm up --file /srv/lab.json5\n", .failure),
      ("Type=oneshot\nExecStart=/usr/bin/qemuvm up\n KillMode = process\n", .ok),
      ("ExecStart=/usr/bin/qemuvm ls\n", nil), ("ExecStart=/usr/sbin/sshd -D\n", nil),
      ("#ExecStart=/usr/bin/qemuvm supervisor run\n", nil),
    ] as [(String, Finding.Verdict?)])
  func units(text: String, verdict: Finding.Verdict?) {
    #expect(ServiceCheck.unit(named: "vms.service", "[Service]\n" + text)?.verdict == verdict)
  }

  @Test(
    "QEMU's version is read",
    arguments: [
      ("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)", 7, 2), ("QEMU emulator version 10.0.2", 10, 0),
      ("QEMU emulator version 9.1rc2", 9, 1),
    ])
  func version(text: String, major: Int, minor: Int) throws {
    let number = try #require(ProgramsCheck.number(text))
    #expect(number == (major, minor))
  }

  @Test("A finding's lines have the verdict first, and the way out below")
  func lines() {
    let finding = Finding.warning("swtpm", "not found: no TPM for guests", "apt-get install swtpm")
    #expect(
      finding.lines(.plain) == """
        warning  swtpm           not found: no TPM for guests
                                 > apt-get install swtpm

        """)
  }
}
