import Host
import JSON
import Testing

extension EndToEnd {
  /// The guest of these tests echoes what is typed.
  @Suite("The console") struct Console {
    @Test("On a terminal it is raw, says how to leave, carries every byte, and Ctrl-] leaves it as it was")
    func onATerminal() async throws {
      try await Self.run { fleet in
        let person = try await Self.attach(to: fleet)
        #expect(try person.terminal.isRaw)
        try await person.terminal.screen.write("typed\u{03}\u{1a}\u{1b}[A\u{04}.")
        try await person.terminal.screen.read(until: "typed\u{03}\u{1a}\u{1b}[A\u{04}.")
        try await person.terminal.screen.write("\u{1d}")
        #expect(await person.terminal.end() == .code(0))
        #expect(try person.terminal.settingsText() == person.before)
      }
    }

    @Test("Another key leaves it, where one is named, and Ctrl-] goes to the guest")
    func otherEscapeKey() async throws {
      try await Self.run { fleet in
        let terminal = try Terminal(
          Fleet.binary, ["console", "web", "--escape", "^A"], environment: fleet.environment,
          directory: fleet.folder)
        try await terminal.screen.read(until: "Ctrl-A leaves")
        try await terminal.screen.write("\u{1d}typed.")
        try await terminal.screen.read(until: "\u{1d}typed.")
        try await terminal.screen.write("\u{01}")
        #expect(await terminal.end() == .code(0))
        let wrong = try await fleet.qemuvm("console", "web", "--escape", "A", expecting: 2)
        #expect(wrong.errors.contains("--escape"))
      }
    }

    @Test("Two people at once both see what either types, and one who leaves disturbs no one")
    func twoPeople() async throws {
      try await Self.run { fleet in
        let (first, second) = (try await Self.attach(to: fleet), try await Self.attach(to: fleet))
        try await first.terminal.screen.write("from-first.")
        try await first.terminal.screen.read(until: "from-first.")
        try await second.terminal.screen.read(until: "from-first.")
        try await first.terminal.screen.write("\u{1d}")
        #expect(await first.terminal.end() == .code(0))
        try await second.terminal.screen.write("from-second.")
        try await second.terminal.screen.read(until: "from-second.")
        try await second.terminal.screen.write("\u{1d}")
        #expect(await second.terminal.end() == .code(0))
      }
    }

    @Test("The terminal is as it was when the console is ended by a signal", arguments: [1, 2, 15])
    func signalled(signal: Int32) async throws {
      try await Self.run { fleet in
        let person = try await Self.attach(to: fleet)
        person.terminal.process.signal(signal)
        #expect(await person.terminal.end() != .code(0))
        #expect(try person.terminal.settingsText() == person.before)
      }
    }

    @Test("The terminal is as it was when the VM is killed under the console")
    func killedUnderneath() async throws {
      try await Self.run { fleet in
        let person = try await Self.attach(to: fleet)
        try await fleet.qemuvm("kill", "web")
        _ = await person.terminal.end()
        #expect(try person.terminal.settingsText() == person.before)
      }
    }

    @Test("Without a terminal it carries bytes from its input to its output")
    func piped() async throws {
      try await Self.run { fleet in
        let console = try fleet.start(["console", "web"])
        try await console.input.write("through a pipe.")
        try await console.output.read(until: "through a pipe.")
        console.signal(15)
        _ = try await console.end()
      }
    }

    @Test("A guest gets what was typed just before the last one left")
    func typedAndGone() async throws {
      try await Self.run { fleet in
        let text = String(repeating: "x", count: 3000) + "."
        try await (try fleet.console(of: "web")).write(text)
        try await fleet.wait(for: "web", toSay: text)
      }
    }

    @Test("The console socket serves several plain connections")
    func plainSocket() async throws {
      try await Self.run { fleet in
        let (first, second) = (try await fleet.console(of: "web"), try await fleet.console(of: "web"))
        try await first.write("plain.")
        try await first.read(until: "plain.")
        try await second.read(until: "plain.")
      }
    }

    @Test("The console of a VM that does not run is an error that names it")
    func stopped() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("create", "web")
        #expect(try await fleet.qemuvm("console", "web", expecting: 1).errors.contains("web"))
      }
    }

    /// Runs a test with an echoing guest that is ready.
    private static func run(_ test: (Fleet) async throws -> Void) async throws {
      try await Fleet.run { fleet in
        try await fleet.defineObedient()
        try await fleet.qemuvm("up")
        try await fleet.wait(for: "web", toSay: "READY")
        try await test(fleet)
      }
    }

    /// A person at a terminal who has read how to leave, and the terminal's settings before that.
    private static func attach(to fleet: Fleet) async throws -> (terminal: Terminal, before: String) {
      let terminal = try Terminal(
        "/bin/sh", ["-c", "echo at the prompt; read go; exec \"$0\" console web", Fleet.binary],
        environment: fleet.environment, directory: fleet.folder)
      try await terminal.screen.read(until: "prompt")
      let before = try terminal.settingsText()
      try await terminal.screen.write("go\n")
      try await terminal.screen.read(until: "Ctrl-]")
      // A terminal that is not raw yet would echo Ctrl-A as two printable characters: this is the guest's echo.
      try await terminal.screen.write("\u{01}")
      try await terminal.screen.read(until: "\u{01}")
      return (terminal, before)
    }
  }
}
