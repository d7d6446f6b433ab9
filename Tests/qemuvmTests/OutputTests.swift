import Control
import Host
import JSON
import Testing

@testable import qemuvm

@Suite("Output") struct OutputTests {
  static let colourful = TextStyle(isTerminal: true, environment: ["TERM": "xterm"])

  @Test("A table's columns are as wide as their widest cell, and lines end without spaces")
  func table() {
    var table = Table([("NAME", .left), ("CPUS", .right), ("CAUSE", .left)])
    table.add([Table.Cell("a-long-name"), Table.Cell("2"), Table.Cell("")])
    table.add([Table.Cell("b"), Table.Cell("16"), Table.Cell("power off")])
    table.add([Table.Cell("c"), Table.Cell(""), Table.Cell("x")])
    #expect(
      table.text(.plain) == """
        NAME         CPUS  CAUSE
        a-long-name     2
        b              16  power off
        c                  x

        """)
  }

  @Test("On a terminal the last column is cut to what is left of a line")
  func cutTable() {
    var table = Table([("NAME", .left), ("CAUSE", .left)])
    table.add([Table.Cell("shop/web"), Table.Cell("waiting for shop/db to be healthy")])
    table.add([Table.Cell("x"), Table.Cell("running")])
    #expect(
      table.text(.plain, columns: 30) == """
        NAME      CAUSE
        shop/web  waiting for shop/db…
        x         running

        """)
    #expect(table.text(.plain, columns: 200) == table.text(.plain))
    // Where there is no room at all, a line may wrap: nothing of it is lost but what is long.
    #expect(table.text(.plain, columns: 5).contains("waiting for…"))
  }

  @Test("Colours take no column")
  func colouredTable() {
    var table = Table([("STATE", .left), ("N", .right)])
    table.add([Table.Cell("running", state: .running), Table.Cell("1")])
    let text = table.text(Self.colourful)
    #expect(text.contains("\u{1B}[32mrunning\u{1B}[0m  1\n"))
  }

  @Test(
    "Colours come on a terminal only, and never with NO_COLOR",
    arguments: [
      (true, [:], true), (false, [:], false), (true, ["NO_COLOR": "1"], false),
      (true, ["NO_COLOR": ""], true),
      (true, ["TERM": "dumb"], false),
    ] as [(Bool, [String: String], Bool)])
  func colours(isTerminal: Bool, environment: [String: String], isColourful: Bool) {
    #expect(TextStyle(isTerminal: isTerminal, environment: environment).isColourful == isColourful)
  }

  @Test(
    "Sizes are short",
    arguments: [
      (0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (512 << 20, "512 MiB"), (1536 << 20, "1.5 GiB"),
      (2 << 30, "2 GiB"), (UInt64.max, "15.9 EiB"), (250 << 20 | 1 << 19, "250 MiB"),
    ] as [(UInt64, String)])
  func sizes(count: UInt64, text: String) { #expect(Quantity.bytes(count) == text) }

  @Test(
    "Times are in their two largest units",
    arguments: [
      (0, "0s"), (59, "59s"), (60, "1m"), (192, "3m 12s"), (3600, "1h"), (3605, "1h"), (183_600, "2d 3h"),
    ])
  func times(seconds: Int, text: String) { #expect(Quantity.elapsed(seconds: seconds) == text) }

  @Test(
    "Decimals are rounded",
    arguments: [(0.0, "0.00"), (0.064, "0.06"), (0.995, "1.00"), (12.3, "12.30"), (-1.5, "-1.50")])
  func decimals(value: Double, text: String) { #expect(Quantity.decimal(value, places: 2) == text) }

  @Test("A guest's words cannot drive the terminal")
  func printable() throws {
    #expect(Printable.line("a\u{1B}[2Jb\r\nc\td\u{9B}") == "a\\x1b[2Jb c d\\x9b")
    #expect(
      Printable.line("gnp.exe\u{202E}x\u{2066}\u{200F}\u{2028}.")
        == "gnp.exe\\u{202e}x\\u{2066}\\u{200f}\\u{2028}.")
    let value: JSONValue = ["k": "a\u{9B}\u{202E}\u{E0041}b", "n": 1]
    let shown = Printable.json(value.pretty())
    #expect(shown.unicodeScalars.allSatisfy { $0.isASCII })
    #expect(try JSONValue(parsing: Array(shown.utf8)) == value)
    let failure = CommandFailure(.failed, "a\u{1B}b", "c\u{202E}", hints: ["d\u{9B}"])
    #expect(failure.text == "a\\x1bb: c\\u{202e}\n  d\\x9b\n")
    #expect(Printable.lines("plain\nlines ✓") == "plain\nlines ✓")
  }

  @Test(
    "Errors have the contract's form",
    arguments: [
      (
        CommandFailure(.failed, "web", "cannot start: QEMU died", hints: ["See the log."]) as any Error,
        "web: cannot start: QEMU died\n  See the log.\n", ExitCode.failed
      ),
      (
        ControlError(.notFound, "no VM is called 'web'", fact: .noSuchVM),
        "qemuvm: no VM is called 'web'\n  'qemuvm ls' lists the VMs; 'qemuvm up' creates those of a lab file.\n",
        .noSuchVM
      ),
      (ControlError(.invalid, "cpus: 0", advice: ["Write 1."]), "qemuvm: cpus: 0\n  Write 1.\n", .usage),
      (ControlError(.timedOut, "late"), "qemuvm: late\n", .deadline),
      (
        ControlError(.disconnected, "gone"),
        "qemuvm: the supervisor left before it answered: it may have been done or not\n", .noSupervisor
      ),
      (SystemError("open", "/x", code: 13), "/x: Permission denied (open)\n", .failed),
      (
        UsageError(.unknownOption("--x", nearest: nil), verb: "up"),
        "qemuvm up: unknown option '--x'\n  See 'qemuvm up --help'.\n", .usage
      ),
    ])
  func errors(error: any Error, text: String, code: ExitCode) {
    let shown = ErrorText.of(error)
    #expect(shown.text == text)
    #expect(shown.code == code)
  }

  @Test("A supervisor's error names its VM once, and QEMU's error its class")
  func refusals() {
    let error = ControlError(
      .failed, "no space", vm: FullName("web"), verb: "start", advice: ["Free some."])
    #expect(CommandFailure(error, subject: "web").text == "web: cannot start: no space\n  Free some.\n")
    let qualified = ControlError(.failed, "is stopped", vm: FullName("web", lab: "shop"))
    #expect(CommandFailure(qualified, subject: "web").text == "shop/web: is stopped\n")
    #expect(CommandFailure(qualified, subject: "web", command: "balloon").text == "shop/web: is stopped\n")
    for (kind, name) in [(.qemu("DeviceNotActive"), "DeviceNotActive"), (.notFound, "DeviceNotFound")]
      as [(ControlError.Kind, String)]
    {
      let failure = CommandFailure(ControlError(kind, "No balloon"), subject: "web", command: "balloon")
      #expect(failure.text == "web: balloon: \(name): No balloon\n")
      #expect(failure.code == .failed)
    }
  }

  @Test("The list has a line a VM, those outside labs first")
  func list() throws {
    let vms: [JSONValue] = [
      [
        "name": "web", "lab": "shop", "state": "backoff", "cpus": 2, "memoryBytes": 1_073_741_824,
        "uptimeSeconds": .null, "restarts": 3, "cause": "QEMU died of\nSIGKILL",
      ],
      [
        "name": "zed", "lab": .null, "state": "running", "cpus": 1, "memoryBytes": 16_777_216,
        "accelerator": "tcg", "uptimeSeconds": 75.5, "restarts": 0, "cause": .null,
      ],
    ]
    let table = List.table(try vms.map { try VMStatus(json: $0) })
    #expect(
      table.text(.plain) == """
        NAME      STATE    CPUS  MEMORY  ACCEL  UPTIME  RESTARTS  CAUSE
        zed       running     1  16 MiB  tcg    1m 15s         0
        shop/web  backoff     2   1 GiB  -           -         3  QEMU died of SIGKILL

        """)
  }

  @Test("The card begins with state and cause, and leaves out what is not known")
  func card() throws {
    let vm: JSONValue = [
      "name": "web", "lab": .null, "state": "running", "desired": "running", "cause": "started",
      "health": "none",
      "pid": 42, "accelerator": "kvm", "cpus": 1, "cpuPercent": 1.25, "cpuSeconds": 0.5,
      "machine": [
        "machine": "pc", "cpu": "max", "disks[0]": "/a.raw", "disks[1]": "/b.raw", "ports": "8080:80",
      ],
      "memoryBytes": 16_777_216, "residentBytes": .null, "pending": ["memory 1G"], "warnings": [],
    ]
    let card = StatusCard(try VMDetails(json: vm))
    #expect(
      card.text(.plain) == """
        web is running
          Cause        started
          Wanted       running
          Next start   memory 1G
          Machine      pc, kvm, CPU max
          CPUs         1, 1.3 % used, 0.5 s of CPU time
          Memory       16 MiB
          Disks        /a.raw
                       /b.raw
          Ports        8080:80
          PID          42

        """)
  }

  @Test("QEMU's command line can be pasted")
  func arguments() {
    #expect(
      Arguments.text(["/usr/bin/qemu", "-name", "guest=a b", "-S", "-m", "1M"]) == """
        /usr/bin/qemu \\
          -name 'guest=a b' \\
          -S \\
          -m 1M

        """)
  }
}
