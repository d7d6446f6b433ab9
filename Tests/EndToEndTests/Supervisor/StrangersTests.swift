import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  /// Processes that hold a VM's lock and are not its QEMU.
  @Suite("Strangers with a VM's lock") struct Strangers {
    @Test("A stranger is named, never signalled, and when it lets go the VM starts")
    func stranger() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("create")
        try await fleet.qemuvm("supervisor", "stop")
        let lock = fleet.state + "/vms/web@shop/lock"
        // It has the lock at descriptor 3, and its child inherits that, as those of a backup do.
        let stranger = try Program(
          "/usr/bin/flock", [lock, "sh", "-c", "echo held; exec cat"], environment: fleet.environment)
        _ = try await stranger.read(until: "held")
        #expect(try await fleet.status("web")["pid"] == .null)
        let stop = try await fleet.qemuvm("stop", "web")
        #expect(stop.errors.contains("process \(stranger.process.pid) (flock)"), "\(stop)")
        #expect(stop.errors.contains("is left alone"), "\(stop)")
        let start = try await fleet.qemuvm("start", "web", expecting: 1)
        #expect(start.errors.contains("process \(stranger.process.pid) (flock)"), "\(start)")
        #expect(start.errors.contains("holds its lock \(lock)"), "\(start)")
        // With the wish on disk, the next supervisor tries to start it, and finds the same.
        await (try fleet.supervisor()).kill()
        try await fleet.qemuvm("ls")
        let vm = try await fleet.wait(for: "web", toBe: "failed")
        #expect(try #require(vm["cause"]?.string).contains("(flock)"), "\(vm)")
        try await fleet.qemuvm("kill", "web")
        // Both of its processes end of themselves when they are told to.
        #expect(!stranger.process.hasExited)
        #expect(try await stranger.end().code == 0)
        try await fleet.qemuvm("start", "web")
        #expect(try fleet.guests().count == 1)
      }
    }

    @Test("Strange locks are waited for together, however many")
    func together() async throws {
      try await Fleet.run { fleet in
        let names = (1...150).map { "vm\($0)" }
        try fleet.write(
          "{ lab: 'x', vms: { \(names.map { "\($0): { profile: 'hello' }" }.joined(separator: ", ")) } }")
        try await fleet.qemuvm("create")
        try await fleet.qemuvm("supervisor", "stop")
        let held = try names.map { name in
          FileDescriptorBox(try Self.take("\(fleet.state)/vms/\(name)@x/lock"))
        }
        // One by one they would take longer than is waited here.
        let outcome = try await fleet.start(["ls"]).end(within: .seconds(120))
        #expect(outcome.code == 0, "\(outcome)")
        withExtendedLifetime(held) {}
      }
    }

    private static func take(_ lock: String) throws -> FileDescriptor {
      guard let taken = try FileLock.take(lock) else { throw SystemError("flock", lock, code: EWOULDBLOCK) }
      return taken.release()
    }

    /// What a process that passes itself off as the VM's QEMU says of its UUID.
    private static let impostor = """
      import json, socket, sys
      listener = socket.socket(socket.AF_UNIX)
      listener.bind(sys.argv[1])
      listener.listen(8)
      print("listening", flush=True)
      def serve(peer):
          def say(value): peer.sendall(json.dumps(value).encode() + b"\\n")
          say({"QMP": {"version": {"qemu": {"major": 7, "minor": 2, "micro": 0}, "package": ""}, "capabilities": []}})
          # As QEMU does, it knows a request's end without a line's.
          unread, decoder = "", json.JSONDecoder()
          while piece := peer.recv(4096):
              unread += piece.decode()
              while unread:
                  request, end = decoder.raw_decode(unread)
                  unread = unread[end:].lstrip()
                  answer = {"return": {}}
                  if request["execute"] == "query-uuid":
                      answer = json.loads(sys.argv[2])
                      # More than are told at once.
                      for _ in range(100):
                          say({"timestamp": {"seconds": 1, "microseconds": 0}, "event": "SHUTDOWN",
                               "data": {"guest": True, "reason": "guest-shutdown"}})
                  answer["id"] = request.get("id")
                  say(answer)
      while True:
          try: serve(listener.accept()[0])
          except OSError: pass
      """

    @Test(
      "What has the lock and the command line of the VM's QEMU, and another UUID or none, is left alone",
      arguments: [
        #"{"return": {"UUID": "00000000-0000-0000-0000-000000000001"}}"#, #"{"return": {"UUID": 1}}"#,
        #"{"error": {"class": "CommandNotFound", "desc": "what UUID?"}}"#,
      ])
    func impostor(answer: String) async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("create")
        let uuid = try #require(try await fleet.status("web")["uuid"]?.string)
        try await fleet.qemuvm("supervisor", "stop")
        let folder = fleet.state + "/vms/web@shop"
        let program = try fleet.write(Self.impostor, to: "impostor.py")
        let impostor = try Program(
          "/usr/bin/flock",
          [
            "--no-fork", folder + "/lock", "/usr/bin/python3", program, folder + "/monitor.sock", answer,
            "-name", "guest=web", "-uuid", uuid,
          ], environment: fleet.environment)
        _ = try await impostor.read(until: "listening")
        try await fleet.qemuvm("ls")
        let vm = try await fleet.wait(for: "web", toBe: "failed")
        let cause = try #require(vm["cause"]?.string)
        #expect(cause.contains("process \(impostor.process.pid) (python3)"), "\(cause)")
        #expect(cause.contains("is not its QEMU"), "\(cause)")
        // What it says of its guest is not the VM's.
        let events = try await fleet.qemuvm("events", "web", "--json").output
        #expect(!events.contains("SHUTDOWN"), "\(events)")
        for verb in ["stop", "kill"] {
          let refused = try await fleet.qemuvm(verb, "web", expecting: 1)
          #expect(refused.errors.contains("process \(impostor.process.pid) (python3)"), "\(refused)")
        }
        #expect(!impostor.process.hasExited)
        impostor.signal(SIGKILL)
        _ = try await impostor.end()
        try await fleet.qemuvm("start", "web")
      }
    }

    @Test("A wrapper that starts QEMU as its child is not taken for it, and neither outlives a kill")
    func wrapper() async throws {
      try await Fleet.run { fleet in
        let script = """
          #!/bin/sh
          case "$*" in *"-M none"*) exec qemu-system-x86_64 "$@" ;; esac
          qemu-system-x86_64 "$@" &
          wait
          """
        let path = try fleet.write(script, to: "emulator")
        guard chmod(path, 0o755) == 0 else { throw SystemError("chmod", path) }
        try fleet.define("qemu: '\(path)',")
        try await fleet.qemuvm("up")
        let both = try fleet.guests()
        #expect(both.count == 2)
        try await fleet.qemuvm("kill", "web")
        #expect(!both.contains { !$0.hasExited })
        try await fleet.qemuvm("start", "web")
        await (try fleet.supervisor()).kill()
        let pid = try #require(try await fleet.status("web")["pid"]?.int)
        #expect(ProcessTable.arguments(pid: Int32(pid))?.dropFirst().first == "-name")
        // Its wrapper's end is none of its own.
        let wrapper = try #require(try fleet.guests().first { $0.pid != pid })
        await wrapper.kill()
        #expect(try await fleet.qemuvm("qmp", "web", "query-status").output.contains("running"))
        try await fleet.qemuvm("stop", "web")
        #expect(try fleet.guests().isEmpty)
      }
    }
  }
}
