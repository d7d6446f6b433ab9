import Glibc
import Host
import Testing

extension EndToEnd {
  /// What shells make of `qemuvm completion`, and readers of manual pages of `qemuvm generate man`; each where it is
  /// installed.
  @Suite("Completion and manual") struct CompletionAndManual {
    static func isThere(_ program: String) -> Bool {
      (Fleet.variable("PATH") ?? "/usr/bin:/bin").split(separator: ":").contains {
        access("\($0)/\(program)", X_OK) == 0
      }
    }

    /// The environment of a shell that finds the binary by its name.
    private static func environment(_ fleet: Fleet) -> [String] {
      let folder = FileSystem.parent(of: Fleet.binary)
      return fleet.environment.map { $0.hasPrefix("PATH=") ? "PATH=\(folder):\($0.dropFirst(5))" : $0 }
    }

    private static func shell(_ fleet: Fleet, _ name: String, _ script: String) async throws -> [String] {
      let arguments = name == "bash" ? ["--norc", "-c", script] : ["-c", script]
      let outcome = try await Program(
        "/usr/bin/env", [name] + arguments, environment: environment(fleet), directory: fleet.folder
      ).end()
      #expect(outcome.code == 0, "\(outcome.errors)")
      return outcome.output.split(separator: "\n").map(String.init)
    }

    /// What bash offers for a line.
    private static func bash(_ fleet: Fleet, _ line: String...) async throws -> [String] {
      let words = line.map { "'\($0)'" }.joined(separator: " ")
      return try await shell(
        fleet, "bash",
        """
        . <(qemuvm completion bash); COMP_WORDS=(qemuvm \(words)); COMP_CWORD=\(line.count)
        _qemuvm qemuvm; for word in "${COMPREPLY[@]}"; do printf '%s\\n' "$word"; done
        """)
    }

    @Test(
      "bash completes commands, options, values, files and the VMs that there are; no supervisor is started")
    func bash() async throws {
      try await Fleet.run { fleet in
        try fleet.write("{ lab: 'shop', vms: { db: { profile: 'hello' }, web: { profile: 'hello' } } }")
        #expect(try await Self.bash(fleet, "unp") == ["unpause"])
        #expect(try await Self.bash(fleet, "up", "--prof") == ["--profile"])
        #expect(try await Self.bash(fleet, "up", "--wait", "=", "h") == ["healthy"])
        #expect(try await Self.bash(fleet, "up", "--file", "qem") == ["qemuvm.json5"])
        #expect(try await Self.bash(fleet, "up", "--profile", "hel") == ["hello"])
        #expect(try await Self.bash(fleet, "start", "") == ["db", "web", "shop"])
        #expect(!FileSystem.exists(fleet.state))
        try await fleet.qemuvm("supervisor", "status", expecting: 5)
        // What only a supervisor knows.
        try await fleet.qemuvm("create", "web")
        try await fleet.qemuvm("create", "--profile", "hello", "--name", "lone")
        #expect(try await Self.bash(fleet, "start", "") == ["db", "web", "lone", "shop"])
        #expect(try await Self.bash(fleet, "status", "l") == ["lone"])
        try FileSystem.makeDirectory(fleet.root + "/elsewhere")
        let offers = try await fleet.qemuvm("__complete", "start", "", in: fleet.root + "/elsewhere").output
        #expect(offers == "words\nlone\tstopped\nshop/web\tstopped\nshop\tall VMs of the lab\n")
      }
    }

    @Test("fish completes the same", .enabled(if: isThere("fish")))
    func fish() async throws {
      try await Fleet.run { fleet in
        try fleet.write("{ lab: 'shop', vms: { db: { profile: 'hello' }, web: { profile: 'hello' } } }")
        let lines = try await Self.shell(
          fleet, "fish",
          """
          qemuvm completion fish | source
          for line in 'unp' 'up --prof' 'up --wait=h' 'up --file qem' 'start d'
            complete -C "qemuvm $line"
          end
          """)
        let words = lines.map { $0.prefix { $0 != "\t" } }
        #expect(words == ["unpause", "--profile", "--wait=healthy", "qemuvm.json5", "db"])
      }
    }

    @Test("zsh completes the same, at its prompt", .enabled(if: isThere("zsh")), .timeLimit(.minutes(5)))
    func zsh() async throws {
      try await Fleet.run { fleet in
        try fleet.write("{ lab: 'shop', vms: { db: { profile: 'hello' }, web: { profile: 'hello' } } }")
        let terminal = try Terminal(
          "/usr/bin/env", ["zsh", "-f", "-i"], environment: Self.environment(fleet), directory: fleet.folder)
        defer { terminal.process.signal(SIGKILL) }
        try await terminal.screen.write(
          """
          autoload -U compinit; compinit -u -D; . <(qemuvm completion zsh); \
          qemuvm() { if [ "$1" = __complete ]; then command qemuvm "$@"; else print -r "RAN""<$*>"; fi }

          """)
        for (typed, run) in [
          ("unp", "unpause"), ("up --prof", "up --profile"), ("up --wait=h", "up --wait=healthy"),
          ("up --file qem", "up --file qemuvm.json5"), ("start d", "start db"),
        ] {
          try await terminal.screen.write("qemuvm \(typed)\t\n")
          _ = try await terminal.screen.read(until: "RAN<\(run)>")
        }
        try await terminal.screen.write("exit\n")
        _ = await terminal.end()
      }
    }

    @Test("Manual pages have nothing that man, groff or mandoc warns of")
    func manual() async throws {
      try await Fleet.run { fleet in
        let folder = fleet.root + "/man1"
        try await fleet.qemuvm("generate", "man", folder, expecting: 1)
        try FileSystem.makeDirectory(folder)
        try await fleet.qemuvm("generate", "man", folder)
        let pages = try FileSystem.names(in: folder).map { "\(folder)/\($0)" }
        #expect(pages.count > 30)
        if Self.isThere("groff") {
          let outcome = try await fleet.tool("groff", ["-man", "-Tutf8", "-ww", "-z"] + pages)
          #expect(outcome.errors == "" && outcome.code == 0)
        }
        if Self.isThere("mandoc") {
          let outcome = try await fleet.tool("mandoc", ["-T", "lint", "-W", "warning"] + pages)
          #expect(outcome.output == "" && outcome.code == 0, "\(outcome.output)")
        }
      }
    }
  }
}
