import Dispatch
import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Supervisors under a service manager") struct ServiceManagers {
    /// Where a service manager hears, which it does at once; sd_notify(3).
    private final class Ear {
      private let lines: AsyncStream<String>
      private let source: any DispatchSourceRead

      init(_ path: String) throws {
        let (lines, feed) = AsyncStream<String>.makeStream()
        self.lines = lines
        let number = try UnixSocket.datagrams(at: path).release()
        source = DispatchSource.makeReadSource(fileDescriptor: number, queue: DispatchQueue(label: "ear"))
        source.setEventHandler {
          var buffer = [UInt8](repeating: 0, count: 4096)
          while case let count = recv(number, &buffer, buffer.count, 0), count > 0 {
            for line in String(decoding: buffer.prefix(count), as: UTF8.self).split(separator: "\n") {
              feed.yield(String(line))
            }
          }
        }
        source.setCancelHandler { close(number) }
        source.activate()
      }

      deinit { source.cancel() }

      /// Waits for the line, behind those that were heard.
      func hear(_ wanted: String) async {
        for await line in lines where line == wanted { return }
      }
    }

    /// Starts `supervisor run` as systemd does: with its own number in `LISTEN_PID`, the socket as descriptor 3.
    private static func start(
      _ fleet: Fleet, _ listener: borrowing FileDescriptor, _ variables: [String]
    ) throws -> ChildProcess {
      var launch = ChildProcess.Launch(
        program: "/bin/sh",
        arguments: ["-c", "export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$0\" supervisor run", Fleet.binary],
        environment: fleet.environment + variables)
      launch.descriptors = [3: listener.rawValue]
      return try ChildProcess(launch)
    }

    @Test("It is told that they are ready, alive and leaving, and its socket is served and stays")
    func activated() async throws {
      try await Fleet.run { fleet in
        let ear = try Ear(fleet.root + "/notify")
        try FileSystem.makeDirectory(fleet.runtime)
        let listener = try UnixSocket.listen(at: fleet.controlSocket)
        let variables = ["NOTIFY_SOCKET=\(fleet.root)/notify", "WATCHDOG_USEC=200000"]
        // Who comes before the supervisor is answered by it.
        let early = try fleet.start(["up", "--profile", "hello"])
        let first = try Self.start(fleet, listener, variables)
        await ear.hear("READY=1")
        #expect(try await early.end().code == 0)
        await ear.hear("WATCHDOG=1")
        #expect(try await fleet.json("supervisor", "status")["pid"]?.int == Int(first.pid))
        let guest = try fleet.guest()
        let environment = String(decoding: try FileSystem.read("/proc/\(guest.pid)/environ"), as: UTF8.self)
        for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_"] { #expect(!environment.contains(name)) }
        first.signal(SIGTERM)
        await ear.hear("STOPPING=1")
        #expect(await offQueue { first.wait() } == .code(0))
        #expect(FileSystem.exists(fleet.controlSocket) && !guest.hasExited)
        // As when a client connects: the service manager starts the next one.
        let second = try Self.start(fleet, listener, variables)
        await ear.hear("READY=1")
        #expect(try await fleet.takenOver("hello")["pid"]?.int == guest.pid)
        try await fleet.qemuvm("down", "hello")
        try await fleet.qemuvm("supervisor", "stop")
        #expect(await offQueue { second.wait() } == .code(0))
        try FileSystem.remove(fleet.controlSocket)
        withExtendedLifetime(listener) {}
      }
    }

    @Test("A socket that is not the control socket is refused by name")
    func otherSocket() async throws {
      try await Fleet.run { fleet in
        let listener = try UnixSocket.listen(at: fleet.root + "/other.sock")
        let supervisor = try Self.start(fleet, listener, [])
        #expect(await offQueue { supervisor.wait() } == .code(1))
        #expect(!FileSystem.exists(fleet.controlSocket))
        withExtendedLifetime(listener) {}
      }
    }

    @Test("The units that 'generate systemd' writes are right by systemd's own judgement")
    func units() async throws {
      try await Fleet.run { fleet in
        if geteuid() != 0 {
          let refused = try await fleet.qemuvm("generate", "systemd", expecting: 1)
          #expect(refused.errors.contains("sudo qemuvm generate systemd"), "\(refused)")
        }
        for options in geteuid() == 0 ? [[], ["--user"]] : [["--user"]] {
          let folder = fleet.root + "/units"
          try await fleet.qemuvm(["generate", "systemd", "--output", folder] + options)
          let printed = try await fleet.qemuvm(["generate", "systemd"] + options).output
          let files = try FileSystem.names(in: folder).sorted()
          #expect(files == ["qemuvm-guests.service", "qemuvm.service", "qemuvm.socket"])
          for file in files { #expect(printed.contains(try fleet.text(of: "\(folder)/\(file)"))) }
          // Not every container has a systemd.
          guard try await fleet.tool("sh", ["-c", "command -v systemd-analyze"]).code == 0 else { continue }
          let words = ["systemd-analyze"] + options + ["verify", "--man=no"]
          let verdict = try await fleet.tool(
            "XDG_RUNTIME_DIR=\(fleet.root)", words + files.map { "\(folder)/\($0)" })
          #expect(verdict.code == 0 && verdict.errors.isEmpty, "\(verdict)")
        }
      }
    }

    @Test("Where a unit is installed, a command has systemd start the supervisor, and starts none itself")
    func installedUnit() async throws {
      var template = Array("/tmp/qemuvm-unit-XXXXXX".utf8CString)
      try #require(mkdtemp(&template) != nil)
      let home = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
      defer { try? FileSystem.removeTree(home) }  // A test's folder that stays harms nobody.
      let variables = [
        "XDG_RUNTIME_DIR": home, "XDG_CONFIG_HOME": home + "/config", "PATH": "\(home)/bin:/usr/bin:/bin",
      ]
      try await Fleet.run(variables) { fleet in
        // A stand-in for systemd: what it is asked is in a file, and it starts what the unit starts.
        try FileSystem.makeDirectory(home + "/systemd")
        try FileSystem.replace(home + "/systemd/private", with: [], durable: false)
        try FileSystem.makeDirectory(home + "/bin")
        let script = """
          #!/bin/sh
          echo "$@" >>'\(home)/asked'
          [ -e '\(home)/broken' ] && { echo 'Job for qemuvm.service failed.' >&2; exit 1; }
          rm -f '\(home)/ready' && mkfifo '\(home)/ready'
          setsid '\(Fleet.binary)' supervisor run --ready-fd 3 3>'\(home)/ready' >/dev/null 2>&1 &
          read -r word <'\(home)/ready'
          """
        try FileSystem.replace(home + "/bin/systemctl", with: Array(script.utf8), mode: 0o755, durable: false)
        let units = home + "/config/systemd/user"
        try await fleet.qemuvm("generate", "systemd", "--user", "--output", units)

        let listed = try await fleet.qemuvm("ls")
        #expect(listed.errors.contains("systemd starts it"), "\(listed)")
        #expect(try fleet.text(of: home + "/asked") == "--user start qemuvm.service\n")
        try await fleet.qemuvm("supervisor", "stop")

        try FileSystem.replace(home + "/broken", with: [], durable: false)
        let refused = try await fleet.qemuvm("ls", expecting: 5)
        #expect(refused.errors.contains("'Job for qemuvm.service failed.'"), "\(refused)")
        #expect(refused.errors.contains("systemctl --user status qemuvm.service"), "\(refused)")
        #expect(try fleet.supervisors().isEmpty)

        // A unit of another state folder is none of this fleet's.
        let text = try fleet.text(of: units + "/qemuvm.service")
        let other = text.split(separator: "\n", omittingEmptySubsequences: false).map {
          $0.hasPrefix("Environment=QEMUVM_STATE_DIR") ? "Environment=QEMUVM_STATE_DIR=/nowhere" : $0
        }.joined(separator: "\n")
        try FileSystem.replace(units + "/qemuvm.service", with: Array(other.utf8), durable: false)
        let own = try await fleet.qemuvm("ls")
        #expect(!own.errors.contains("systemd"), "\(own)")
        try await fleet.qemuvm("supervisor", "stop")
      }
    }

    @Test("Each crash, restart and end for good is a line of the log, and runs the admin's hook")
    func incidents() async throws {
      try await Fleet.run { fleet in
        let told = fleet.root + "/told"
        let hook = fleet.configuration + "/hooks/vm"
        try FileSystem.makeDirectory(fleet.configuration + "/hooks")
        // The last words of one that fails are in the log as well.
        let script = """
          #!/bin/sh
          echo "$* $QEMUVM_LAB $QEMUVM_RESTARTS" >>'\(told)'
          if [ "$1" = failed ]; then echo 'mail is broken' >&2; exit 1; fi
          """
        try FileSystem.replace(hook, with: Array(script.utf8), mode: 0o755, durable: false)
        try fleet.define("restart: { delay: '0s', burst: 2 },")
        try await fleet.qemuvm("up")
        await (try fleet.guest()).kill()
        try await fleet.wait(for: "web") { $0["restarts"]?.int == 1 && $0["state"] == "running" }
        await (try fleet.guest()).kill()
        try await fleet.wait(for: "web", toBe: "failed")
        let log = fleet.state + "/supervisor.log"
        try await fleet.modification(of: log) { try fleet.text(of: log).contains("mail is broken") }
        let lines = try fleet.text(of: told).split(separator: "\n")
        #expect(lines.map { $0.split(separator: " ")[0] } == ["restarted", "failed"], "\(lines)")
        let logged = try fleet.text(of: log)
        #expect(logged.contains("shop/web: restarted (restart 1): QEMU was killed by signal 9"), "\(logged)")
        #expect(logged.contains("shop/web: failed: given up after 2 failures"), "\(logged)")
        // What others can write is not run.
        #expect(chmod(hook, 0o777) == 0)
        try await fleet.qemuvm("start", "web")
        await (try fleet.guest()).kill()
        try await fleet.modification(of: log) { try fleet.text(of: log).contains("every user can write") }
        #expect(try fleet.text(of: told).split(separator: "\n").count == 2)
        try await fleet.qemuvm("down", "web")
      }
    }
  }
}
