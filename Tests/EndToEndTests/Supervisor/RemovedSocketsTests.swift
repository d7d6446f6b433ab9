import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Sockets that somebody removed") struct RemovedSockets {
    @Test("The control socket comes back, with the same supervisor behind it")
    func controlSocket() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let supervisor = try fleet.supervisor()
        for _ in 0..<3 {
          try FileSystem.remove(fleet.controlSocket)
          #expect(try await fleet.qemuvm("ls").output.contains("running"))
        }
        #expect(try fleet.supervisor().pid == supervisor.pid)
      }
    }

    @Test("The control socket comes back when what stood in its place has gone")
    func obstacle() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let supervisor = try fleet.supervisor()
        try FileSystem.remove(fleet.controlSocket)
        try FileSystem.makeDirectory(fleet.controlSocket)
        #expect(try await fleet.qemuvm("ls").output.contains("running"))
        try FileSystem.removeTree(fleet.controlSocket)
        try await fleet.arrival(of: fleet.controlSocket)
        #expect(try await fleet.qemuvm("ls").output.contains("running"))
        #expect(try fleet.supervisor().pid == supervisor.pid)
      }
    }

    @Test("A runtime folder that was wiped comes back with consoles and the users' monitors")
    func runtimeFolder() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let guest = try fleet.guest()
        try FileSystem.removeTree(fleet.runtime)
        try await fleet.qemuvm("ls")
        let console = try await fleet.console(of: "web")
        try await console.write("hello?")
        try await console.read(until: "hello?")
        try await fleet.userMonitor(of: "web").execute("query-status")
        #expect(try fleet.guest().pid == guest.pid)
      }
    }

    @Test(
      "A supervisor whose runtime folder cannot be made is reached all the same, and goes back when it can")
    func logout() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let supervisor = try fleet.supervisor()
        // As a logout takes it away, and then nobody but root may make it again.
        try FileSystem.removeTree(fleet.runtime)
        try FileSystem.replace(fleet.runtime, with: [], durable: false)
        for _ in 0..<2 { #expect(try await fleet.qemuvm("ls").output.contains("running")) }
        try await fleet.qemuvm("pause", "web")
        try FileSystem.remove(fleet.runtime)
        try FileSystem.makeDirectory(fleet.runtime)
        try await fleet.arrival(of: fleet.controlSocket)
        try await fleet.qemuvm("unpause", "web")
        #expect(try fleet.supervisor().pid == supervisor.pid)
        #expect(!FileSystem.exists(fleet.state + "/run/qemuvm.sock"))
        try await fleet.userMonitor(of: "web").execute("query-status")
      }
    }

    @Test("The users' monitor never leads to another process, whatever becomes of QEMU and the supervisor")
    func monitorsPlace() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let socket = try #require(try await fleet.status("web")["qmpSocket"]?.string)
        try FileSystem.removeTree(fleet.runtime)
        try await fleet.qemuvm("ls")
        try await fleet.userMonitor(of: "web").execute("query-status")
        // A path through a process is another's once the number is.
        #expect(FileSystem.linkTarget(socket)?.hasPrefix("/proc/") != true)
        try await fleet.supervisor().kill()
        await (try fleet.guest()).kill()
        #expect(throws: SystemError.self) { _ = try UnixSocket.connect(to: socket) }
        try await fleet.qemuvm("stop", "web")
        #expect(!FileSystem.exists(socket) && FileSystem.linkTarget(socket) == nil)
      }
    }

    @Test("A QEMU whose sockets are gone is taken back by a new supervisor, and can be asked")
    func monitor() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        try await fleet.wait(for: "web", toSay: "READY")
        let guest = try fleet.guest()
        try await fleet.supervisor().kill()
        for name in ["monitor.sock", "console.sock"] {
          try FileSystem.remove(fleet.state + "/vms/web@shop/" + name)
        }
        try FileSystem.removeTree(fleet.runtime)
        #expect(try await fleet.takenOver("web")["state"] == "running")
        #expect(try await fleet.qemuvm("qmp", "web", "query-status").output.contains("running"))
        let console = try await fleet.console(of: "web")
        try await console.write("hello?")
        try await console.read(until: "hello?")
        try await fleet.userMonitor(of: "web").execute("query-status")
        // By the power button, and not by force.
        let stop = try await fleet.qemuvm("stop", "web")
        #expect(guest.hasExited && !stop.errors.contains("trying"))
        try await fleet.qemuvm("start", "web")
      }
    }
  }
}
