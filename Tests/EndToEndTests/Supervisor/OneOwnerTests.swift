import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("One supervisor, one QEMU") struct OneOwner {
    @Test("Twenty commands at once start one supervisor")
    func oneSupervisor() async throws {
      try await Fleet.run { fleet in
        try await Self.atOnce(20, of: ["ls"], in: fleet)
        _ = try fleet.supervisor()
      }
    }

    @Test("Eight ups of the same VM at once start one QEMU")
    func oneGuest() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await Self.atOnce(8, of: ["up"], in: fleet)
        #expect(try fleet.guest().pid == (try await fleet.status("web"))["pid"]?.int)
      }
    }

    @Test("A second supervisor is refused and names the first")
    func secondSupervisor() async throws {
      try await Fleet.run { fleet in
        let first = try fleet.start(["supervisor", "run"])
        _ = try await first.errors.readLine()
        let second = try await fleet.qemuvm("supervisor", "run", expecting: 1)
        #expect(second.errors.contains("\(first.process.pid)"))
        #expect(try fleet.supervisor().pid == Int(first.process.pid))
        try await fleet.qemuvm("supervisor", "stop")
        #expect(try await first.end().code == 0)
      }
    }

    @Test("A supervisor with nothing to do leaves by itself, and takes its socket with it")
    func leavesByItself() async throws {
      try await Fleet.run(["QEMUVM_IDLE_SECONDS": "1"]) { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let supervisor = try fleet.supervisor()
        try await fleet.qemuvm("down")
        await supervisor.end()
        #expect(!FileSystem.exists(fleet.controlSocket))
        #expect(try await !fleet.qemuvm("supervisor", "status", expecting: 5).errors.isEmpty)
      }
    }

    @Test("A supervisor in the foreground serves, and Ctrl-C ends it without its guests")
    func foreground() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        let supervisor = try fleet.start(["supervisor", "run"])
        // Its log says when it listens.
        _ = try await supervisor.errors.readLine()
        try await fleet.qemuvm("up")
        #expect(try fleet.supervisor().pid == Int(supervisor.process.pid))
        supervisor.signal(2)
        #expect(try await supervisor.end().code == 0)
        #expect(try fleet.guests().count == 1)
      }
    }

    @Test("A QEMU that is stopped by SIGSTOP delays neither ls nor other VMs")
    func stoppedByASignal() async throws {
      try await Fleet.run { fleet in
        try fleet.write("{ lab: 'shop', vms: { sick: { profile: 'hello' }, well: { profile: 'hello' } } }")
        try await fleet.qemuvm("up")
        let pid = try await fleet.status("sick")["pid"]?.int
        let sick = try #require(try fleet.guests().first { $0.pid == pid })
        sick.signal(19)
        // It waits for the sick one all the while, and is the only one that does.
        let asked = try fleet.start(["qmp", "sick", "query-status", "--timeout", "1h"])
        try await fleet.qemuvm("ls")
        try await fleet.qemuvm("status", "well")
        try await fleet.qemuvm("restart", "well")
        let late = try await fleet.qemuvm(
          "qmp", "sick", "query-status", "--timeout", "500ms", expecting: 4)
        #expect(late.errors.contains("sick"))
        #expect(!asked.process.hasExited)
        try await fleet.qemuvm("kill", "sick")
        #expect(try await fleet.status("sick")["state"] == "stopped")
        #expect(try await asked.end().code == 1)
      }
    }

    /// What can become of a lock file while no supervisor runs.
    enum Displacement: String, CaseIterable, Sendable {
      case removed, renamed
      case replaced = "replaced by a FIFO"
      case copied = "in a folder that a copy has taken the place of"
    }

    @Test("A QEMU is taken back, and not doubled, when its lock was moved", arguments: Displacement.allCases)
    func displacedLock(displacement: Displacement) async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let guest = try fleet.guest()
        try await fleet.qemuvm("supervisor", "stop")
        let lock = fleet.state + "/vms/web@shop/lock"
        switch displacement {
        case .removed: try FileSystem.remove(lock)
        case .renamed: try FileSystem.move(lock, to: lock + ".old")
        case .replaced:
          try FileSystem.remove(lock)
          #expect(mkfifo(lock, 0o600) == 0)
        case .copied:
          #expect(try await fleet.tool("cp", ["-a", fleet.state, fleet.state + ".copy"]).code == 0)
          try FileSystem.move(fleet.state, to: fleet.state + ".old")
          try FileSystem.move(fleet.state + ".copy", to: fleet.state)
        }
        for _ in 0..<2 {
          let vm = try await fleet.status("web")
          #expect(vm["state"] == "running" && vm["pid"]?.int == guest.pid)
          #expect(!guest.hasExited)
          await (try fleet.supervisor()).kill()
        }
        #expect(try await fleet.qemuvm("qmp", "web", "query-status").output.contains("running"))
        try await fleet.qemuvm("down", "web")
        #expect(guest.hasExited)
        #expect(try await fleet.json("ls") == [])
      }
    }

    @Test("The copy of a VM's folder does not take its QEMU, and gets one of its own when it is started")
    func copiedVM() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let guest = try fleet.guest()
        try await fleet.keptState { $0["phase"] == "running" }
        await (try fleet.supervisor()).kill()
        let folder = fleet.state + "/vms/"
        #expect(try await fleet.tool("cp", ["-a", folder + "web@shop", folder + "copy@shop"]).code == 0)
        let copy = try await fleet.status("copy")
        #expect(copy["state"] == "failed" && copy["pid"] == .null)
        let cause = try #require(copy["cause"]?.string)
        #expect(cause.contains("process \(guest.pid), belongs to \(folder)web@shop"))
        #expect(try await fleet.status("web")["pid"]?.int == guest.pid)
        try await fleet.qemuvm("start", "copy")
        #expect(try fleet.guests().count == 2)
        try await fleet.qemuvm("down", "copy")
        #expect(!guest.hasExited)
      }
    }

    @Test("The copy of a fleet whose supervisor lives takes none of its QEMUs")
    func copiedFleet() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let guest = try fleet.guest()
        try await fleet.keptState { $0["phase"] == "running" }
        try await Fleet.run { other in
          #expect(try await fleet.tool("cp", ["-a", fleet.state, other.state]).code == 0)
          let copy = try await other.status("web")
          #expect(copy["state"] == "failed")
          #expect(try #require(copy["cause"]?.string).contains("belongs to \(fleet.state)/vms/web@shop"))
          try await other.qemuvm("down", "web")
        }
        #expect(try await fleet.status("web")["pid"]?.int == guest.pid)
      }
    }

    @Test("A child of a wrapper that holds the lock as well is not taken for the VM's QEMU")
    func childOfAWrapper() async throws {
      try await Fleet.run { fleet in
        let ids = fleet.folder + "/children"
        // Their numbers are larger and smaller than its own, also as text.
        let script = """
          #!/bin/sh
          case "$*" in
            *"-M none"*) ;;
            *) for number in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 600 & echo $! >>\(ids); done ;;
          esac
          exec qemu-system-x86_64 "$@"
          """
        let path = try fleet.write(script, to: "emulator")
        guard chmod(path, 0o755) == 0 else { throw SystemError("chmod", path) }
        try fleet.define("qemu: '\(path)',")
        try await fleet.qemuvm("up")
        let pid = try await fleet.status("web")["pid"]
        for _ in 0..<3 {
          await (try fleet.supervisor()).kill()
          let vm = try await fleet.takenOver("web")
          #expect(vm["pid"] == pid && vm["state"] == "running")
        }
        for line in try fleet.text(of: ids).split(separator: "\n") {
          try ChildProcess(adopting: try #require(Int32(line))).signal(SIGKILL)
        }
      }
    }

    /// Runs the command so many times at the same time; each must end with 0.
    private static func atOnce(_ count: Int, of command: [String], in fleet: Fleet) async throws {
      let programs = try (0..<count).map { _ in try fleet.start(command) }
      for program in programs {
        let outcome = try await program.end()
        #expect(outcome.code == 0, "\(outcome)")
      }
    }
  }
}
