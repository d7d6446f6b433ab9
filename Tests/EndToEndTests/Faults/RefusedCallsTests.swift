import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  /// Calls that the kernel refuses once, where somebody would wait for ever for what follows.
  @Suite("Refused calls and those who wait") struct RefusedCalls {
    @Test("A QEMU whose monitor takes no connection is no start that lasts")
    func refusedConnection() async throws {
      try await Fleet.runFailing { fleet, calls in
        try fleet.define()
        try await fleet.qemuvm("ls")
        // ECONNREFUSED and EACCES; what passes by itself is tried again.
        for (variant, words) in [(Int32(1), "Connection refused"), (2, "Permission denied")] {
          let up = try await fleet.run(["up"], with: calls, at: "connect /proc/#/fd/#", variant: variant)
          #expect(up.code == 1 && up.errors.contains("QEMU's monitor cannot be reached"), "\(up)")
          #expect(up.errors.contains(words), "\(up)")
          #expect(try fleet.guests().isEmpty)
          try await fleet.qemuvm("up")
          try await fleet.qemuvm("stop")
        }
        #expect(try await fleet.run(["up"], with: calls, at: "connect /proc/#/fd/#").code == 0)
      }
    }

    @Test("A signal that is refused once is sent again")
    func refusedSignal() async throws {
      try await Fleet.runFailing { fleet, calls in
        try fleet.define()
        try await fleet.qemuvm("up")
        #expect(try await fleet.run(["kill", "web"], with: calls, at: "pidfd_send_signal").code == 0)
        #expect(try fleet.guests().isEmpty)
      }
    }

    @Test("A QEMU that was found is asked again where the kernel does not tell that it has answered")
    func untoldAnswer() async throws {
      try await Fleet.runFailing { fleet, calls in
        try fleet.define()
        try await fleet.qemuvm("up")
        let pid = try fleet.guest().pid
        for occurrence in 1...3 {
          await (try fleet.supervisor()).kill()
          _ = try await fleet.run(
            ["ls"], with: calls, at: "epoll_ctl of Dispatch anon_inode:[eventpoll]", occurrence: occurrence)
          let vm = try await fleet.wait(for: "web") { $0["state"] == "running" }
          #expect(vm["pid"]?.int == pid)
        }
      }
    }

    @Test("'supervisor stop --guests' is not done where the supervisor dies before its guests are down")
    func deathUnderWay() async throws {
      try await Fleet.runFailing { fleet, calls in
        try fleet.define()
        try await fleet.qemuvm("up")
        let stop = try await fleet.run(
          ["supervisor", "stop", "--guests"], with: calls, at: "flock /state/vms/web@shop/lock", act: .die)
        #expect(stop.code == 5 && stop.errors.contains("before its guests were down"), "\(stop)")
        try await fleet.qemuvm("ls")
        let vm = try await fleet.wait(for: "web") { $0["state"] == "running" }
        #expect(vm["desired"] == "running")
        #expect(try await fleet.qemuvm("supervisor", "stop", "--guests").code == 0)
        #expect(try fleet.guests().isEmpty)
        try await fleet.qemuvm("down")
      }
    }

    @Test("A guest that came down with the supervisor stays down though its state was refused at first")
    func refusedState() async throws {
      try await Fleet.runFailing { fleet, calls in
        try fleet.define()
        try await fleet.qemuvm("up")
        // Behind the one that tells of its way down.
        let stop = try await fleet.run(
          ["supervisor", "stop", "--guests"], with: calls,
          at: "open /state/vms/web@shop/state.json.#-#.new", occurrence: 2)
        #expect(stop.code == 0, "\(stop)")
        let vm = try await fleet.status("web")
        #expect(vm["state"] == "stopped" && vm["desired"] == "running", "\(vm)")
        try await fleet.qemuvm("down")
      }
    }

    @Test(
      "A definition that could not be read is read again by what needs it",
      arguments: [["start", "web"], ["restart", "web"], ["update", "web", "--memory", "32M"]])
    func unreadDefinition(words: [String]) async throws {
      try await Fleet.runFailing { fleet, calls in
        try fleet.define()
        try await fleet.qemuvm("create")
        await (try fleet.supervisor()).kill()
        _ = try await fleet.run(["ls"], with: calls, at: "open /state/vms/web@shop/definition.json")
        #expect(try await fleet.status("web")["state"] == "failed")
        try await fleet.qemuvm(words)
        let vm = try await fleet.status("web")
        #expect(vm["definition"] != .null && (words[0] == "update" || vm["state"] == "running"), "\(vm)")
        try await fleet.qemuvm("down")
      }
    }

    @Test(
      "A wanted VM whose files could not be read once comes up with the next supervisor",
      arguments: [
        "open /state/vms/web@shop/definition.json", "lstat /state/vms/web@shop/wanted",
        "lstat /state/vms/web@shop/forget",
      ])
    func unreadOnce(label: String) async throws {
      try await Fleet.runFailing { fleet, calls in
        try fleet.define()
        try await fleet.qemuvm("up")
        let guest = try fleet.guest()
        await (try fleet.supervisor()).kill()
        await guest.kill()
        _ = try await fleet.run(["ls"], with: calls, at: label)
        let vm = try await fleet.status("web")
        #expect(vm["state"] == "failed" && vm["cause"]?.string?.contains("cannot be read") == true, "\(vm)")
        await (try fleet.supervisor()).kill()
        try await fleet.qemuvm("ls")
        try await fleet.wait(for: "web", toBe: "running")
        try await fleet.qemuvm("down")
      }
    }

    @Test("A supervisor that cannot say whether it listens is not waited for")
    func speechlessSupervisor() async throws {
      try await Fleet.runFailing { fleet, calls in
        try fleet.define()
        let refused = try await fleet.run(["ls"], with: calls, at: "fcntl F_DUPFD")
        #expect(refused.code == 5 && refused.errors.contains("the supervisor cannot start"), "\(refused)")
        // It has said so, and is on its way out.
        for supervisor in try fleet.supervisors() {
          #expect(await supervisor.end(within: ByteStream.patience))
        }
        #expect(try await fleet.run(["ls"], with: calls, at: "write pipe:[#]").code == 0)
      }
    }
  }
}
