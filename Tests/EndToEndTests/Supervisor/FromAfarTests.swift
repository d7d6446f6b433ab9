import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  /// Another host: a real sshd on loopback, with a fleet of its own behind it.
  @Suite("From afar", .enabled(if: FileSystem.exists("/usr/sbin/sshd"))) struct FromAfar {
    /// A command's own place: it has no fleet, and an ssh with the test's keys.
    private struct Client {
      let fleet: Fleet
      let environment: [String]
      let url: String

      func start(_ arguments: [String]) throws -> Program {
        try Program(Fleet.binary, arguments, environment: environment, directory: fleet.folder)
      }

      @discardableResult
      func run(_ arguments: String..., expecting code: Int32 = 0) async throws -> Program.Outcome {
        let outcome = try await start(arguments).end()
        guard outcome.status == .code(code) else {
          throw Program.UnexpectedEnd(outcome: outcome, expected: .code(code))
        }
        return outcome
      }
    }

    /// Runs the test with an sshd that leads into the fleet.
    private static func run(_ test: (Client, Fleet) async throws -> Void) async throws {
      try await Fleet.run { fleet in
        let port = try freePort()
        try FileSystem.makeDirectory(fleet.root + "/bin")
        for key in ["host", "own"] {
          let outcome = try await fleet.tool(
            "ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "\(fleet.root)/\(key)"])
          #expect(outcome.code == 0, "\(outcome.errors)")
        }
        let setting = fleet.environment.filter { $0.hasPrefix("QEMUVM_") || $0.hasPrefix("PATH=") }.map {
          $0.hasPrefix("PATH=")
            ? "PATH=\(FileSystem.parent(of: Fleet.binary)):\($0.dropFirst(5))" : $0
        }
        try fleet.write(
          """
          Port \(port)
          ListenAddress 127.0.0.1
          HostKey \(fleet.root)/host
          AuthorizedKeysFile \(fleet.root)/own.pub
          StrictModes no
          UsePAM no
          PidFile none
          SetEnv \(setting.map { "\"\($0)\"" }.joined(separator: " "))
          """, to: fleet.root + "/sshd_config")
        try fleet.write(
          """
          #!/bin/sh
          exec /usr/bin/ssh -F none -i '\(fleet.root)/own' -o IdentitiesOnly=yes -o StrictHostKeyChecking=no \
          -o UserKnownHostsFile='\(fleet.root)/known' -o LogLevel=ERROR "$@"
          """, to: fleet.root + "/bin/ssh")
        chmod(fleet.root + "/bin/ssh", 0o755)
        // Where it keeps the part of itself that has no rights.
        if geteuid() == 0 { try FileSystem.makeDirectory("/run/sshd") }
        let server = try Program(
          "/usr/sbin/sshd", ["-D", "-e", "-f", fleet.root + "/sshd_config"], environment: fleet.environment)
        defer { server.signal(SIGTERM) }
        _ = try await server.errors.read(until: "Server listening on 127.0.0.1 port \(port)")
        let others = fleet.environment.filter { !$0.hasPrefix("QEMUVM_") && !$0.hasPrefix("PATH=") }
        let user = String(cString: try #require(getpwuid(geteuid())).pointee.pw_name)
        let client = Client(
          fleet: fleet,
          environment: others + [
            "PATH=\(fleet.root)/bin:/usr/bin:/bin", "QEMUVM_STATE_DIR=\(fleet.root)/client/state",
            "QEMUVM_RUNTIME_DIR=\(fleet.root)/client/run", "QEMUVM_CONFIG_DIR=\(fleet.root)/client/config",
          ], url: "ssh://\(user)@127.0.0.1:\(port)")
        try await test(client, fleet)
        #expect(!FileSystem.exists(fleet.root + "/client"), "something was kept here")
      }
    }

    @Test("A lab file here brings VMs up there; what they do, say and were comes here, with its exit code")
    func lab() async throws {
      try await Self.run { client, fleet in
        try fleet.define()
        let host = ["--host", client.url]
        let up = try await client.run("up", "--host", client.url)
        #expect(up.errors.contains("web: running"), "\(up.errors)")
        let listed = try JSONValue(
          parsing: Array(try await client.run("ls", "--json", host[0], host[1]).output.utf8))
        #expect(listed.array?.first?["name"]?.string == "web")
        // The same VM, seen from there.
        #expect(try await fleet.status("web")["state"]?.string == "running")
        #expect(
          try await client.run("status", "web", host[0], host[1]).output.contains("shop/web is running"))
        #expect(try await client.run("why", "web", host[0], host[1]).output.contains("web"))
        try await client.run("status", "nobody", host[0], host[1], expecting: 3)
        #expect(
          try await client.run("qmp", "web", "query-status", host[0], host[1]).output.contains("running"))

        // What lies in files over there.
        let log = try await client.run("logs", "web", "--tail", "1", host[0], host[1])
        #expect(log.output.contains("READY"))
        let console = try client.start(["console", "web"] + host)
        try await console.input.write("echo me\r")
        _ = try await console.read(until: "echo me")
        console.signal(SIGTERM)
        _ = try await console.end()

        // What is to come.
        let events = try client.start(["events", "-f", "--json"] + host)
        _ = try await events.read(until: "\n")
        try await client.run("pause", "web", host[0], host[1])
        _ = try await events.read(until: "\"paused\"")
        events.signal(SIGTERM)
        _ = try await events.end()

        try await client.run("down", host[0], host[1])
        #expect(try await fleet.names().isEmpty)
        // It was started from there, and has another home than what this fleet starts.
        try await client.run("supervisor", "stop", host[0], host[1])
      }
    }

    @Test("What does not get there is told, with exit code 5; QEMUVM_HOST is the same as --host")
    func unreachable() async throws {
      try await Self.run { client, fleet in
        let nobody = try Self.freePort()
        let refused = try await client.run("ls", "--host", "ssh://127.0.0.1:\(nobody)", expecting: 5)
        #expect(
          refused.errors.contains("ssh://127.0.0.1:\(nobody): ssh does not get there"), "\(refused.errors)")
        try await client.run("logs", "web", "--host", "ssh://127.0.0.1:\(nobody)", expecting: 5)
        for url in ["http://box", "ssh://", "ssh://box:x", "ssh://-oProxyCommand=x", "ssh://box/path"] {
          try await client.run("ls", "--host", url, expecting: 2)
        }
        // None runs there, and none is started for asking.
        try await client.run("supervisor", "status", "--host", client.url, expecting: 5)
        #expect(!FileSystem.exists(fleet.state))
        let named = Client(
          fleet: fleet, environment: client.environment + ["QEMUVM_HOST=\(client.url)"], url: client.url)
        #expect(try await named.run("ls", "--json").output == "[]\n")
        #expect(FileSystem.exists(fleet.state))
        try await named.run("supervisor", "stop")
      }
    }

    /// A port of loopback's that nobody has.
    private static func freePort() throws -> Int {
      let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      guard number >= 0 else { throw SystemError("socket") }
      defer { close(number) }
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      var size = socklen_t(MemoryLayout<sockaddr_in>.size)
      return try withUnsafeMutableBytes(of: &address) { bytes in
        let pointer = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress
        guard let pointer, bind(number, pointer, size) == 0, getsockname(number, pointer, &size) == 0 else {
          throw SystemError("bind")
        }
        return Int(UInt16(bigEndian: bytes.load(fromByteOffset: 2, as: UInt16.self)))
      }
    }
  }
}
