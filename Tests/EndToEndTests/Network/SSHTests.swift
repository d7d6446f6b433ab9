import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Into a guest by ssh") struct SSH {
    private static func lab(_ linux: Guests.LinuxGuest) -> String {
      """
      { lab: "shop", vms: { web: {
        profile: "linux", accelerator: "tcg", memory: "256M", cloudInit: { user: "admin" },
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
        try await fleet.wait(for: "web", toSay: "GUEST-SSH")

        let program = try fleet.start(["ssh", "web", "--", "cat; echo $USER on $(hostname) >&2; exit 7"])
        try await program.input.write("line 1\nline 2")
        let outcome = try await program.end()
        #expect(outcome.status == .code(7))
        #expect(outcome.output == "line 1\nline 2")
        #expect(outcome.errors == "admin on web\n")

        // Several words reach the command as they are.
        let words = try await fleet.qemuvm("ssh", "web", "--", "printf", "%s|", "a  b", "$HOME", "it's")
        #expect(words.output == "a  b|$HOME|it's|")

        let terminal = try Terminal(
          Fleet.binary, ["ssh", "web", "--", "tty; exit 3"], environment: fleet.environment,
          directory: fleet.folder)
        try await terminal.screen.read(until: "/dev/pts/")
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

        // A guest with another key is none of ours.
        let known = try #require(try await fleet.status("web")["ssh"]?["knownHostsFile"]?.string)
        let own = try fleet.text(of: fleet.state + "/ssh/id_ed25519.pub").split(separator: " ")
        try FileSystem.replace(
          known, with: Array("qemuvm-web@shop \(own[0]) \(own[1])\n".utf8), durable: false)
        let refused = try await fleet.qemuvm("ssh", "web", "--", "true", expecting: 255)
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
        try await fleet.qemuvm("down", "--disks")
      }
    }
  }
}
