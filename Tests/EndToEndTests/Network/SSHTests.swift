import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Into a guest by ssh") struct SSH {
    private static func lab(_ linux: Guests.LinuxGuest, health: String = "{ ssh: true, timeout: '1m' }")
      -> String
    {
      """
      { lab: "shop", vms: { web: {
        profile: "linux", accelerator: "tcg", memory: "256M", cloudInit: { user: "admin" }, ports: ["0:7000"],
        health: \(health),
        kernel: "\(linux.kernel)", initrd: "\(linux.initrd)",
        append: "console=ttyS0 quiet guest.addr=10.0.2.15/24",
      } } }
      """
    }

    @Test(
      "A guest is reached at once and verified, with its streams, exit code and terminal, by other tools as well"
    )
    func reached() async throws {
      let linux = try await Guests.linux()
      try await Fleet.run { fleet in
        try fleet.write(Self.lab(linux))
        try await fleet.qemuvm("up")
        // In another order than the guest comes to it, and what is so already is so at once.
        try await fleet.qemuvm("wait", "web", "--for", "healthy")
        for condition in ["ssh", "running", "console:GUEST-SSH"] {
          try await fleet.qemuvm("wait", "web", "--for", condition)
        }

        let program = try fleet.start([
          "ssh", "web", "--timeout", "2m", "--", "cat; echo $USER on $(hostname) >&2; exit 7",
        ])
        try await program.input.write("line 1\nline 2")
        let outcome = try await program.end()
        #expect(outcome.status == .code(7))
        #expect(outcome.output == "line 1\nline 2")
        #expect(outcome.errors == "admin on web\n")

        // Several words reach the command as they are.
        let words = try await fleet.qemuvm(
          "ssh", "web", "--timeout", "2m", "--", "printf", "%s|", "a  b", "$HOME", "it's")
        #expect(words.output == "a  b|$HOME|it's|")

        let terminal = try Terminal(
          Fleet.binary, ["ssh", "web", "--timeout", "2m", "--", "tty; exit 3"],
          environment: fleet.environment,
          directory: fleet.folder)
        // The whole line: what is left unread keeps ssh from putting the terminal back, tcsetattr(3) TCSADRAIN.
        #expect(try await terminal.screen.read(until: "\r\n").contains("/dev/pts/"))
        #expect(await terminal.end() == .code(3))

        // By other tools, with what is printed for them; and also when a new supervisor has taken the guest over.
        try await fleet.supervisor().kill()
        let configuration = try await fleet.qemuvm("ssh-config").output
        #expect(configuration.hasPrefix("Host web web.shop\n"))
        try fleet.write(configuration, to: "ssh.cfg")
        let copied = try await fleet.tool(
          "ssh", ["-F", fleet.folder + "/ssh.cfg", "web.shop", "hostname"])
        #expect(copied.code == 0, "\(copied)")
        #expect(copied.output == "web\n")

        try await healthByPort(fleet, linux)

        // A guest with another key is none of ours.
        let known = try #require(try await fleet.status("web")["ssh"]?["knownHostsFile"]?.string)
        let own = try fleet.text(of: fleet.state + "/ssh/id_ed25519.pub").split(separator: " ")
        try FileSystem.replace(
          known, with: Array("qemuvm-web@shop \(own[0]) \(own[1])\n".utf8), durable: false)
        let refused = try await fleet.qemuvm("ssh", "web", "--timeout", "2m", "--", "true", expecting: 255)
        #expect(refused.errors.contains("REMOTE HOST IDENTIFICATION HAS CHANGED"))

        // Frozen, it takes no connection, which its forwarded port does all the same.
        try await fleet.qemuvm("pause", "web")
        let paused = try await fleet.qemuvm("ssh", "web", "--", "true", expecting: 1)
        #expect(paused.errors.contains("cannot be reached by ssh: it is paused"))
        try await fleet.qemuvm("kill", "web")
        let stopped = try await fleet.qemuvm("ssh", "web", expecting: 1)
        #expect(stopped.errors.contains("cannot be reached by ssh: it is stopped"))
        try await fleet.qemuvm("down", "--disks")
      }
    }

    /// A port at which something takes connections and says nothing, and then nothing does any more.
    private func healthByPort(_ fleet: Fleet, _ linux: Guests.LinuxGuest) async throws {
      let fast = "interval: '250ms', startInterval: '250ms', timeout: '1m', retries: 1"
      try fleet.write(Self.lab(linux, health: "{ port: 7000, \(fast) }"))
      try await fleet.qemuvm("up")
      let starting = try await fleet.wait(for: "web") { $0["health"] == "starting" }
      #expect(starting["healthCause"]?.string?.contains("its port 7000") == true, "\(starting)")
      let console = try await fleet.console(of: "web")
      try await console.write("nc -ll -p 7000 -e cat & echo listens $((40 + 2))\n")
      try await console.read(until: "listens 42")
      try await fleet.qemuvm("wait", "web", "--for", "healthy")
      try await console.write("kill %1; echo closed $((40 + 2))\n")
      try await console.read(until: "closed 42")
      let sick = try await fleet.wait(for: "web") { $0["health"] == "unhealthy" }
      #expect(sick["cause"] == "nothing takes connections at its port 7000")
      let refused = try await fleet.qemuvm("wait", "web", "--for", "healthy", expecting: 1)
      #expect(refused.errors.contains("web: is not healthy: nothing takes connections at its port 7000"))
    }

    @Test("A guest whose sshd does not answer, and one that no ssh leads into, are told from each other")
    func refusals() async throws {
      try await Fleet.run { fleet in
        try fleet.write(
          """
          { lab: "shop", vms: {
            mute: { profile: "hello", networks: ["user"], cloudInit: true },
            plain: { profile: "hello" },
          } }
          """)
        try await fleet.qemuvm("up")
        let mute = try await fleet.qemuvm("ssh", "mute", "--timeout", "100ms", expecting: 1)
        #expect(mute.errors.contains("mute: its guest has not answered within 100ms"))
        let plain = try await fleet.qemuvm("ssh", "plain", expecting: 1)
        #expect(plain.errors.contains("plain: no ssh leads into it"))
        let configuration = try await fleet.qemuvm("ssh-config")
        #expect(configuration.output.hasPrefix("Host mute mute.shop\n"))
        #expect(configuration.errors.contains("shop/plain: no ssh leads into it"))
        try await fleet.qemuvm("ssh-config", "plain", expecting: 1)
        try await fleet.qemuvm("ssh", "nobody", expecting: 3)
        // What does not become so is late, with how far it has come.
        let late = try await fleet.qemuvm("wait", "mute", "--for", "ssh", "--timeout", "200ms", expecting: 4)
        #expect(late.errors.contains("mute: is not reached by ssh within 200ms: it is running"))
        #expect(late.errors.contains("| READY"))
        let unsaid = try await fleet.qemuvm(
          "wait", "mute", "--for", "console:NEVER", "--timeout", "200ms", expecting: 4)
        #expect(unsaid.errors.contains("is not showing 'NEVER' on its console within 200ms"))
        try await fleet.qemuvm("wait", "--for", "console:READY")
        let sleeper = try fleet.start(["wait", "plain", "--for", "stopped"])
        try await fleet.qemuvm("stop", "plain")
        #expect(try await sleeper.end().status == .code(0))
        let unhealthy = try await fleet.qemuvm("wait", "mute", "--for", "healthy", expecting: 1)
        #expect(unhealthy.errors.contains("it has no key health"))
        try await fleet.qemuvm("wait", "mute", expecting: 2)
        try await fleet.qemuvm("wait", "nobody", "--for", "stopped", expecting: 3)
        try await fleet.qemuvm("down", "--disks")
      }
    }
  }
}
