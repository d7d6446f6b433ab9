import Host
import JSON
import Testing

extension EndToEnd {
  /// DESIGN.md: 0 done; 1 failed; 2 wrong usage or invalid file; 3 no such VM; 4 a deadline passed; 5 no supervisor.
  @Suite("Exit codes and help") struct ExitCodes {
    static let verbs = [
      "up", "down", "create", "start", "stop", "restart", "kill", "pause", "unpause", "reset", "rm", "update",
      "ls",
      "status", "args", "logs", "console", "qmp", "profiles", "validate", "version", "supervisor run",
      "supervisor status", "supervisor stop",
    ]

    @Test(
      "Wrong usage is 2, and the nearest word is named",
      arguments: [
        (["strat", "web"], "start"), (["up", "--dry-rum"], "--dry-run"), (["ls", "--jsno"], "--json"),
        (["stop"], "stop"), (["qmp", "web"], "qmp"), (["down"], "down"),
        (["up", "--timeout", "soon"], "timeout"),
        (["up", "--profile", "helo"], "hello"),
      ])
    func wrongUsage(words: [String], said: String) async throws {
      try await Fleet.run { fleet in
        let outcome = try await fleet.qemuvm(words, expecting: 2)
        #expect(outcome.errors.contains(said), "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
      }
    }

    @Test(
      "No such VM is 3, and it is named",
      arguments: [
        ["start", "nobody"], ["stop", "nobody"], ["restart", "nobody"], ["kill", "nobody"],
        ["pause", "nobody"],
        ["unpause", "nobody"], ["reset", "nobody"], ["rm", "nobody"], ["down", "nobody"],
        ["status", "nobody"],
        ["logs", "nobody"], ["console", "nobody"], ["args", "nobody"], ["qmp", "nobody", "query-status"],
        ["update", "nobody", "--cpus", "1"],
      ])
    func noSuchVM(words: [String]) async throws {
      try await Fleet.run { fleet in
        let outcome = try await fleet.qemuvm(words, expecting: 3)
        #expect(outcome.errors.contains("nobody"))
      }
    }

    @Test("A deadline that passes is 4; the stop goes on, and kill ends it")
    func deadline() async throws {
      try await Fleet.run { fleet in
        try await fleet.defineObedient(.nothing, "stopTimeout: '10m',")
        try await fleet.qemuvm("up")
        try await fleet.wait(for: "web", toSay: "READY")
        #expect(
          try await fleet.qemuvm("stop", "web", "--timeout", "2s", expecting: 4).errors.contains("web"))
        #expect(try await fleet.status("web")["state"] == "stopping")
        try await fleet.qemuvm("kill", "web")
        #expect(try await fleet.status("web")["state"] == "stopped")
      }
    }

    @Test("supervisor status and stop never start one: 5", arguments: ["status", "stop"])
    func noSupervisor(verb: String) async throws {
      try await Fleet.run { fleet in
        let outcome = try await fleet.qemuvm("supervisor", verb, expecting: 5)
        #expect(!outcome.errors.isEmpty)
        #expect(try fleet.supervisors().isEmpty)
      }
    }

    @Test("With stdout closed nothing is taken for a request, and the command fails")
    func closedOutput() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        for verb in ["ls", "status web", "events", "why web", "version", "qmp web query-status"] {
          let shell = try Program(
            "/bin/sh", ["-c", "exec \(Fleet.binary) \(verb) >&-"], environment: fleet.environment,
            directory: fleet.folder)
          let outcome = try await shell.end()
          #expect(outcome.status == .code(1), "\(outcome)")
          #expect(outcome.errors == "stdout: Bad file descriptor (write)\n")
        }
        let silent = try Program(
          "/bin/sh", ["-c", "exec \(Fleet.binary) down <&- >&- 2>&-"], environment: fleet.environment,
          directory: fleet.folder)
        #expect(try await silent.end().status == .code(0))
      }
    }

    @Test("Every verb has help with an example", arguments: verbs)
    func help(verb: String) async throws {
      try await Fleet.run { fleet in
        let help = try await fleet.qemuvm(verb.split(separator: " ").map(String.init) + ["--help"])
        #expect(help.output.contains("qemuvm \(verb)"))
        #expect(help.output.lowercased().contains("example"))
        #expect(try fleet.supervisors().isEmpty)
      }
    }

    @Test("qemuvm --help lists every verb")
    func overview() async throws {
      try await Fleet.run { fleet in
        let words = try await fleet.qemuvm("--help").output.split { !$0.isLetter }.map(String.init)
        for word in Self.verbs.flatMap({ $0.split(separator: " ") }) {
          #expect(words.contains(String(word)), "\(word)")
        }
      }
    }

    @Test("Results have no colour but on a terminal")
    func colour() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        for words in [["ls"], ["status", "web"], ["up"]] {
          let outcome = try await fleet.qemuvm(words)
          #expect(!(outcome.output + outcome.errors).contains("\u{1b}"))
        }
      }
    }

    @Test("On a terminal there is colour, and with NO_COLOR none", arguments: [nil, "NO_COLOR=1"])
    func colourOnATerminal(variable: String?) async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let terminal = try Terminal(
          Fleet.binary, ["ls"], environment: fleet.environment + (variable.map { [$0] } ?? []),
          directory: fleet.folder)
        #expect(await terminal.end() == .code(0))
        let seen = try await terminal.screen.read(until: "running")
        #expect(seen.contains("\u{1b}[") == (variable == nil), "\(seen.debugDescription)")
      }
    }
  }
}
