import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Looking at a VM") struct Look {
    @Test("logs prints the console, --tail its last lines, --qemu what QEMU said")
    func logs() async throws {
      try await Fleet.run { fleet in
        try await fleet.defineObedient()
        try await fleet.qemuvm("up")
        try await fleet.wait(for: "web", toSay: "READY")
        let console = try await fleet.console(of: "web")
        try await console.write("one\r\ntwo\r\n")
        try await console.read(until: "two\r\n")
        let all = try await fleet.qemuvm("logs", "web").output
        #expect(all.contains("READY") && all.contains("one") && all.contains("two"))
        let tail = try await fleet.qemuvm("logs", "web", "--tail", "1").output
        #expect(tail.contains("two") && !tail.contains("one"))
      }
    }

    @Test("logs --qemu of a VM that QEMU refused shows QEMU's own words")
    func qemuLog() async throws {
      try await Fleet.run { fleet in
        try fleet.define("arguments: ['-device', 'no-such-device'],")
        try await fleet.qemuvm("up", expecting: 1)
        #expect(try await fleet.qemuvm("logs", "web", "--qemu").output.contains("no-such-device"))
      }
    }

    @Test("logs -f follows over a restart")
    func followedOverARestart() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let follower = try fleet.start(["logs", "web", "-f"])
        try await follower.output.read(until: "READY")
        try await fleet.qemuvm("restart", "web")
        try await follower.output.read(until: "READY")
        follower.signal(2)
        #expect(try await follower.end().code != 0)
      }
    }

    @Test("qmp prints the return value, and an error of QEMU's is exit 1 with its class")
    func qmp() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let status = try await fleet.qemuvm("qmp", "web", "query-status").output
        #expect(try JSONValue(parsing: Array(status.utf8))["running"] == true)
        let arguments = #"{"command-line": "info status"}"#
        let human = try await fleet.qemuvm("qmp", "web", "human-monitor-command", arguments).output
        #expect(try #require(try JSONValue(parsing: Array(human.utf8)).string).contains("running"))
        let refused = try await fleet.qemuvm("qmp", "web", "no-such-command", expecting: 1)
        #expect(refused.errors.contains("CommandNotFound") && refused.errors.contains("no-such-command"))
        try await fleet.qemuvm("qmp", "web", "query-status", "not json", expecting: 2)
        // QEMU's class for a device that it does not know is ours for a VM: the two must not be taken for each other.
        let device = try await fleet.qemuvm("qmp", "web", "device_del", #"{"id": "none"}"#, expecting: 1)
        #expect(device.errors.contains("none") && !device.errors.contains("ls"))
      }
    }

    @Test("What args prints is, word for word after a shell, what QEMU runs with")
    func arguments() async throws {
      try await Fleet.run { fleet in
        let awkward = #"it's "$HOME" `id` \\ * #\n end"#
        try fleet.define("arguments: ['-fw_cfg', \(JSONValue("name=opt/x,string=\(awkward)"))],")
        try await fleet.qemuvm("up")
        let line = try await fleet.qemuvm("args", "web").output
        let words = try Program(
          "/bin/sh", ["-c", "printf '%s\\0' \(line)"], environment: fleet.environment)
        let running = try FileSystem.read("/proc/\(try fleet.guest().pid)/cmdline")
        let runningWords = running.split(separator: 0).dropFirst().map { String(decoding: $0, as: UTF8.self) }
        let printedWords = try await words.end().output.split(separator: "\0").dropFirst().map(String.init)
        #expect(printedWords == Array(runningWords))
      }
    }

    @Test("profiles lists those built in, and the lab's own before the user's before them")
    func profiles() async throws {
      try await Fleet.run { fleet in
        let builtin = try #require(try await fleet.json("profiles").array)
        let names = builtin.compactMap { $0["name"]?.string }
        for name in ["hello", "linux", "debian-12", "iso"] { #expect(names.contains(name)) }
        #expect(builtin.allSatisfy { $0["description"]?.string?.isEmpty == false })
        #expect(try await fleet.qemuvm("profiles", "hello").output.contains("description"))
        try fleet.write(
          "{ description: 'of the user', extends: 'hello', cpus: 3 }",
          to: fleet.configuration + "/profiles/own.json5")
        try fleet.write("{ lab: 'shop', vms: { web: { profile: 'own' } } }")
        try await fleet.qemuvm("up")
        #expect(try await fleet.status("web")["cpus"] == 3)
        try await fleet.qemuvm("down")
        try fleet.write(
          "{ description: 'of the lab', extends: 'hello', cpus: 4 }", to: "qemu-profiles/own.json5")
        try await fleet.qemuvm("up")
        #expect(try await fleet.status("web")["cpus"] == 4)
      }
    }

    @Test("validate passes a good file and tells every problem of a bad one at once")
    func validate() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("validate")
        try fleet.write(
          "{ vms: {\n web: { profile: 'hello', cpsu: 2,\n memory: 'lots' } } }", to: "bad.json5")
        let bad = try await fleet.qemuvm("validate", "bad.json5", expecting: 2)
        let text = bad.output + bad.errors
        #expect(text.contains("bad.json5:2:") && text.contains("cpsu"))
        #expect(text.contains("bad.json5:3:") && text.contains("lots"))
        try await fleet.qemuvm("validate", "absent.json5", expecting: 2)
      }
    }

    @Test("version prints the version", arguments: ["version", "--version"])
    func version(word: String) async throws {
      try await Fleet.run { fleet in
        let outcome = try await fleet.qemuvm(word)
        #expect(outcome.output.contains("0.1.0"))
        #expect(try fleet.supervisors().isEmpty)
      }
    }
  }
}
