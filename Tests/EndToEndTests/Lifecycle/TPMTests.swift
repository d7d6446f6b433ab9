import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  /// The one helper of a VM's own that these tests have; what is shown here holds for each that ends its VM.
  @Suite("A TPM, and the helper that it is") struct TPMTests {
    private static let id = "web@shop/tpm"

    @Test("It serves one QEMU after the other with what it has kept, and is gone behind the last")
    func life() async throws {
      try await Fleet.run { fleet in
        try fleet.define("tpm: true, machine: 'q35',")
        let shown = try await fleet.qemuvm("up", "--dry-run").output
        #expect(shown.contains("swtpm for its TPM beside QEMU"), "\(shown)")
        #expect(try fleet.processes().allSatisfy { $0.role == .supervisor })
        // What an earlier guest has written.
        let state = fleet.state + "/disks/web@shop/tpm"
        try FileSystem.makeDirectory(state)
        try await EmulatedTPM.tell(EmulatedTPM.allowSevenTries, in: state)
        try await fleet.qemuvm("up")
        let (first, guest) = (try fleet.helper(Self.id), try fleet.guest())
        #expect(
          try await fleet.qemuvm("qmp", "web", "query-tpm").output.contains("tpm-crb"))
        let status = try await fleet.status("web")
        let helper = try #require(status["helpers"]?.array?.first)
        #expect(helper["name"] == "tpm" && helper["state"] == "running" && helper["pid"]?.int == first.pid)
        #expect(try await fleet.qemuvm("status", "web").output.contains("tpm is running"))

        // Without it the guest cannot go on: QEMU ends, and another one comes with another one.
        await first.kill()
        let again = try await fleet.wait(for: "web") {
          $0["state"] == "running" && $0["pid"]?.int != guest.pid
        }
        let cause = "its TPM was killed by signal 9 (SIGKILL)"
        #expect(again["cause"] == .string("restarted after a failure: \(cause)"), "\(again)")
        #expect(guest.hasExited)
        let second = try fleet.helper(Self.id)
        let why = try await fleet.json("why", "web")
        #expect(why["ending"] == "helper-ended" && why["restarts"] == 1, "\(why)")
        #expect(try #require(why["verdict"]?.string).contains(cause), "\(why)")
        let events = try await fleet.qemuvm("events", "web").output
        #expect(events.contains("its helper 'tpm' started as process \(first.pid)"), "\(events)")
        #expect(
          events.contains("its helper 'tpm' (process \(first.pid)) was killed by signal 9"), "\(events)")

        // A QEMU that dies of something else is not taken for one that its TPM has left.
        await (try fleet.guest()).kill()
        let third = try await fleet.wait(for: "web") {
          $0["state"] == "running" && $0["pid"]?.int != again["pid"]?.int
        }
        let words = try #require(third["cause"]?.string)
        #expect(words == "restarted after 2 failures: QEMU was killed by signal 9 (SIGKILL)")
        #expect(second.hasExited)
        try await fleet.qemuvm("down")
        #expect(try fleet.processes().allSatisfy { $0.role == .supervisor })
        let answer = try await EmulatedTPM.tell(EmulatedTPM.howManyTries, in: state)
        #expect(answer.suffix(4) == [0, 0, 0, 7], "\(answer)")

        try await fleet.qemuvm("up")
        try await fleet.qemuvm("kill", "web")
        #expect(try fleet.processes().allSatisfy { $0.role == .supervisor })
        #expect(FileSystem.exists(state))
        try await fleet.qemuvm("down", "--disks")
        #expect(!FileSystem.exists(state))
      }
    }

    @Test("A new supervisor takes it back with its QEMU, and notices when it has not outlived the last")
    func survival() async throws {
      try await Fleet.run { fleet in
        try fleet.define("tpm: true,")
        try await fleet.qemuvm("up")
        let (helper, guest) = (try fleet.helper(Self.id), try fleet.guest())
        await (try fleet.supervisor()).kill()
        #expect(try await fleet.takenOver("web")["pid"]?.int == guest.pid)
        #expect(try fleet.helper(Self.id).pid == helper.pid)
        let known = try await fleet.status("web")["helpers"]?.array?.first
        #expect(known?["pid"]?.int == helper.pid && known?["state"] == "running", "\(known ?? .null)")
        // It is watched like one of the supervisor's own.
        await helper.kill()
        let second = try await fleet.wait(for: "web") {
          $0["state"] == "running" && $0["pid"]?.int != guest.pid
        }
        #expect(try #require(second["cause"]?.string).contains("its TPM was killed by signal 9"), "\(second)")

        await (try fleet.supervisor()).kill()
        await (try fleet.helper(Self.id)).kill()
        try await fleet.qemuvm("ls")
        let third = try await fleet.wait(for: "web") {
          $0["state"] == "running" && $0["pid"]?.int != second["pid"]?.int
        }
        let cause = try #require(third["cause"]?.string)
        #expect(cause.contains("its TPM ended while no supervisor was running"), "\(cause)")

        // Of a QEMU that is gone it ends, and the next one has another.
        let last = try fleet.helper(Self.id)
        await (try fleet.supervisor()).kill()
        await (try fleet.guest()).kill()
        try await fleet.qemuvm("ls")
        try await fleet.wait(for: "web") { $0["state"] == "running" && $0["pid"]?.int != third["pid"]?.int }
        #expect(last.hasExited)
        #expect(try fleet.helper(Self.id).pid != last.pid)
        try await fleet.qemuvm("down")
        #expect(try fleet.processes().allSatisfy { $0.role == .supervisor })
      }
    }

    @Test("A supervisor that dies between its start and QEMU's leaves none that the next one does not end")
    func halfStarted() async throws {
      var template = Array("/tmp/qemuvm-tpm-XXXXXX".utf8CString)
      let programs = try #require(mkdtemp(&template).map { String(cString: $0) })
      defer { try? FileSystem.removeTree(programs) }
      // Each waits at a gate before it becomes what it stands for.
      let script = """
        #!/bin/sh
        echo >"$HOME/waiting"
        read -r word <"$HOME/gate"
        exec /usr/bin/swtpm "$@"

        """
      try FileSystem.replace(programs + "/swtpm", with: Array(script.utf8), mode: 0o755, durable: false)
      let path = "\(programs):\(Fleet.variable("PATH") ?? "/usr/bin:/bin")"
      try await Fleet.run(["PATH": path]) { fleet in
        let gate = fleet.root + "/gate"
        try #require(mkfifo(gate, 0o600) == 0)
        try fleet.define("tpm: true,")
        let up = try fleet.start(["up"])
        try await fleet.arrival(of: fleet.root + "/waiting")
        let helper = try fleet.helper(Self.id)
        #expect(try fleet.guests().isEmpty)
        await (try fleet.supervisor()).kill()
        _ = try await up.end()
        try FileSystem.remove(fleet.root + "/waiting")
        try await fleet.qemuvm("ls")
        await helper.end()
        try await fleet.arrival(of: fleet.root + "/waiting")
        let opener = try Program(
          "/bin/sh", ["-c", "echo go >'\(gate)'"], environment: fleet.environment)
        try await fleet.wait(for: "shop/web", toBe: "running")
        _ = try await opener.end()
        #expect(try fleet.helper(Self.id).pid != helper.pid)
        _ = try fleet.guest()
        // A stop in the middle of a start leaves none either.
        try await fleet.qemuvm("stop", "web")
        try FileSystem.remove(fleet.root + "/waiting")
        let start = try fleet.start(["start", "web"])
        try await fleet.arrival(of: fleet.root + "/waiting")
        let second = try fleet.helper(Self.id)
        try await fleet.qemuvm("down")
        #expect(second.hasExited)
        _ = try await start.end()
      }
    }

    @Test("What it lacks is said before anything starts, and with the policy 'no' its end is the VM's")
    func refusals() async throws {
      let qemu = try await Program(
        "/usr/bin/env", ["sh", "-c", "command -v qemu-system-x86_64"], environment: ChildProcess.environment
      ).end().output.split(separator: "\n").first.map(String.init)
      let emulator = try #require(Fleet.variable("QEMUVM_QEMU") ?? qemu)
      try await Fleet.run(["PATH": "/nonexistent", "QEMUVM_QEMU": emulator]) { fleet in
        try fleet.define("tpm: true,")
        let refusal = try await fleet.qemuvm("up", expecting: 1).errors
        #expect(refusal.contains("tpm: 'swtpm' is not found in PATH"), "\(refusal)")
        #expect(refusal.contains("The package swtpm has it."), "\(refusal)")
        #expect(refusal.contains("qemuvm.json5:1:"), "\(refusal)")
        #expect(try await fleet.names() == [])
      }
      try await Fleet.run { fleet in
        try fleet.define("tpm: true, restart: 'no',")
        try await fleet.qemuvm("up")
        await (try fleet.helper(Self.id)).kill()
        let vm = try await fleet.wait(for: "web", toBe: "failed")
        let cause = "its TPM was killed by signal 9 (SIGKILL); its restart policy is 'no'"
        #expect(vm["cause"] == .string(cause), "\(vm)")
        #expect(try fleet.processes().allSatisfy { $0.role == .supervisor })
        // A state that it cannot use is QEMU's to say, and nothing is left running.
        let state = fleet.state + "/disks/web@shop/tpm/tpm2-00.permall"
        try FileSystem.replace(state, with: Array("no state at all".utf8), durable: false)
        let words = try await fleet.qemuvm("start", "web", expecting: 1).errors
        #expect(words.contains("CMD_INIT"), "\(words)")
        #expect(try fleet.processes().allSatisfy { $0.role == .supervisor })
      }
    }
  }
}

/// What a TPM keeps, asked of and told to the emulator itself.
private enum EmulatedTPM {
  /// TPM2_DictionaryAttackParameters with the lockout's empty password: how many wrong ones are allowed.
  static let allowSevenTries: [UInt8] =
    [0x80, 2, 0, 0, 0, 0x27, 0, 0, 1, 0x3A, 0x40, 0, 0, 0x0A, 0, 0, 0, 9, 0x40, 0, 0, 9, 0, 0, 0, 0, 0]
    + [0, 0, 0, 7, 0, 0, 0x0E, 0x10, 0, 0, 0x0E, 0x10]

  /// TPM2_GetCapability of TPM_PT_MAX_AUTH_FAIL, which the answer ends with.
  static let howManyTries: [UInt8] =
    [0x80, 1, 0, 0, 0, 0x16, 0, 0, 1, 0x7A, 0, 0, 0, 6, 0, 0, 2, 0x0F, 0, 0, 0, 1]

  /// TPM2_Shutdown, so that everything is kept.
  private static let shutdown: [UInt8] = [0x80, 1, 0, 0, 0, 0x0C, 0, 0, 1, 0x45, 0, 0]

  /// Runs a command on what is kept in a folder; gives the answer.
  @discardableResult
  static func tell(_ command: [UInt8], in state: String) async throws -> [UInt8] {
    try await offQueue {
      let pair = try UnixSocket.pair()
      var launch = ChildProcess.Launch(
        program: "/usr/bin/swtpm",
        arguments: [
          "socket", "--tpm2", "--terminate", "--tpmstate", "dir=\(state),mode=0600", "--fd", "5",
          "--flags", "not-need-init,startup-clear",
        ])
      launch.descriptors = [5: pair.second.rawValue]
      let process = try ChildProcess(launch)
      let socket = pair.takeFirst()
      let answer = try ask(command, on: socket)
      _ = try ask(shutdown, on: socket)
      _ = consume socket
      _ = process.wait()
      return answer
    }
  }

  private static func ask(_ command: [UInt8], on socket: borrowing FileDescriptor) throws -> [UInt8] {
    try socket.write(command)
    var answer: [UInt8] = []
    while true {
      if answer.count >= 6 {
        let size = answer[2..<6].reduce(0) { $0 << 8 | Int($1) }
        if answer.count >= size { return answer }
      }
      var poller = pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0)
      guard poll(&poller, 1, 600_000) > 0 else { throw SystemError("poll", code: ETIMEDOUT) }
      let more = try socket.read(upTo: 4096)
      if more.isEmpty { throw SystemError("read", code: ECONNRESET) }
      answer += more
    }
  }
}
