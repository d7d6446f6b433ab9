import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  /// A supervisor that finds files of its own damaged, of another version, or of before the last boot.
  @Suite("Damaged and foreign files") struct Damage {
    private static let rubbish: [[UInt8]] = [
      [], Array("{\"format\":1,".utf8), [0, 0, 0, 0], Array("[1]".utf8),
    ]

    /// What costs nothing but what it held.
    private static let harmless: [String] = [
      "format.json", "ledger.jsonl", "supervisor.lock", "vms/sick@shop/state.json", "vms/sick@shop/wanted",
    ]

    /// Two VMs in a lab.
    private static func begin(_ fleet: Fleet) async throws {
      try fleet.write(
        "{ lab: 'shop', vms: { sick: { profile: 'hello', restart: 'no' }, well: { profile: 'hello' } } }")
      try await fleet.qemuvm("up")
    }

    private static func damage(_ file: String, _ bytes: [UInt8], in fleet: Fleet) throws {
      try FileSystem.replace(fleet.state + "/" + file, with: bytes, durable: false)
    }

    @Test("Such a file costs neither a start of the supervisor nor a guest", arguments: harmless)
    func costsNothing(file: String) async throws {
      try await Fleet.run { fleet in
        try await Self.begin(fleet)
        let guests = try fleet.guests().map(\.pid)
        for bytes in Self.rubbish {
          try await fleet.supervisor().kill()
          try Self.damage(file, bytes, in: fleet)
          try await fleet.qemuvm("ls")
          for name in ["sick", "well"] {
            let vm = try await fleet.wait(for: name, toBe: "running")
            #expect(vm["desired"] == "running")
          }
        }
        #expect(try fleet.guests().map(\.pid) == guests)
        try await fleet.qemuvm("down")
      }
    }

    @Test(
      "A FIFO in the place of such a file holds up nobody",
      arguments: harmless.filter { $0 != "supervisor.lock" })
    func fifo(file: String) async throws {
      try await Fleet.run { fleet in
        try await Self.begin(fleet)
        let guests = try fleet.guests().map(\.pid)
        try await fleet.supervisor().kill()
        try FileSystem.remove(fleet.state + "/" + file)
        #expect(mkfifo(fleet.state + "/" + file, 0o600) == 0)
        try await fleet.qemuvm("ls")
        for name in ["sick", "well"] { try await fleet.wait(for: name, toBe: "running") }
        #expect(try fleet.guests().map(\.pid) == guests)
        try await fleet.qemuvm("down")
      }
    }

    @Test("A damaged definition keeps its guest, costs a start, names the file, and 'up' is the way out")
    func definition() async throws {
      try await Fleet.run { fleet in
        try await Self.begin(fleet)
        let guests = try fleet.guests().map(\.pid)
        try await fleet.supervisor().kill()
        try Self.damage("vms/sick@shop/definition.json", Self.rubbish[1], in: fleet)
        try await fleet.qemuvm("ls")
        #expect(try fleet.guests().map(\.pid) == guests)
        try await fleet.qemuvm("stop", "sick")
        let refused = try await fleet.qemuvm("start", "sick", expecting: 1)
        #expect(refused.errors.contains("vms/sick@shop/definition.json cannot be read"), "\(refused)")
        #expect(refused.errors.contains("bring the VM up with its definition again"))
        try await fleet.qemuvm("up")
        #expect(try await fleet.status("sick")["state"] == "running")
        #expect(try await fleet.status("well")["restarts"] == 0)
      }
    }

    @Test("Numbers at the ends of what can be counted cost neither a supervisor nor a guest")
    func oddNumbers() async throws {
      try await Fleet.run(["QEMUVM_IDLE_SECONDS": "\(Int.max)"]) { fleet in
        try await Self.begin(fleet)
        let guests = try fleet.guests().map(\.pid)
        let file = "vms/sick@shop/state.json"
        for number in [Int.min, Int.max] {
          try await fleet.supervisor().kill()
          var state = try JSONObject(json: JSONValue(parsing: try FileSystem.read(fleet.state + "/" + file)))
          for key in [
            "consecutive", "restarts", "runningSince", "until", "wish", "startedAt", "consoleStart",
          ] {
            state[key] = JSONValue(number)
          }
          state["failures"] = [JSONValue(number)]
          try Self.damage(file, JSONValue.object(state).bytes(), in: fleet)
          try Self.damage("vms/sick@shop/wanted", Array("\(number)\n".utf8), in: fleet)
          try await fleet.qemuvm("ls")
          for name in ["sick", "well"] { try await fleet.wait(for: name, toBe: "running") }
        }
        #expect(try fleet.guests().map(\.pid) == guests)
        try await fleet.qemuvm("pause", "sick")
        try await fleet.qemuvm("down")
      }
    }

    @Test("A state of another version is refused by name, not written over, and costs that VM alone")
    func otherVersion() async throws {
      try await Fleet.run { fleet in
        try await Self.begin(fleet)
        try await fleet.qemuvm("stop", "sick")
        try await fleet.supervisor().kill()
        let file = "vms/sick@shop/state.json"
        let foreign = Array(#"{"format":99,"phase":"running"}"#.utf8)
        try Self.damage(file, foreign, in: fleet)
        #expect(try await fleet.qemuvm("ls").output.contains("state.json has version 99"))
        for verb in ["start", "up", "restart"] {
          let refused = try await fleet.qemuvm(verb, "sick", expecting: 1)
          #expect(refused.errors.contains("state.json has version 99, this qemuvm knows 1"), "\(refused)")
        }
        #expect(try FileSystem.read(fleet.state + "/" + file) == foreign)
        #expect(try await fleet.takenOver("well")["state"] == "running")
        try FileSystem.remove(fleet.state + "/" + file)
        try await fleet.qemuvm("up")
        #expect(try await fleet.status("sick")["state"] == "running")
      }
    }

    @Test("A definition of another version is not written over either, and keeps its guest")
    func otherDefinition() async throws {
      try await Fleet.run { fleet in
        try await Self.begin(fleet)
        let guests = try fleet.guests().map(\.pid)
        try await fleet.supervisor().kill()
        let file = "vms/sick@shop/definition.json"
        let foreign = Array(#"{"format":99,"machine":"x"}"#.utf8)
        try Self.damage(file, foreign, in: fleet)
        for arguments in [["start", "sick"], ["up"]] {
          let refused = try await fleet.qemuvm(arguments, expecting: 1)
          #expect(refused.errors.contains("its version is 99, this qemuvm knows 1"), "\(refused)")
          #expect(refused.errors.contains("use the qemuvm that wrote it"), "\(refused)")
        }
        #expect(try FileSystem.read(fleet.state + "/" + file) == foreign)
        #expect(try fleet.guests().map(\.pid) == guests)
        try await fleet.qemuvm("down")
      }
    }

    @Test("A state that was damaged is told by why", arguments: [true, false])
    func toldByWhy(isFolder: Bool) async throws {
      try await Fleet.run { fleet in
        try await Self.begin(fleet)
        try await fleet.supervisor().kill()
        let file = "vms/sick@shop/state.json"
        try FileSystem.remove(fleet.state + "/" + file)
        if isFolder {
          try FileSystem.makeDirectory(fleet.state + "/" + file)
        } else {
          try Self.damage(file, Self.rubbish[1], in: fleet)
        }
        let why = try await fleet.qemuvm("why", "sick").output
        let damage = isFolder ? "cannot be read (Is a directory)" : "is damaged"
        #expect(why.contains("\(file) \(damage)"), "\(why)")
        #expect(try await fleet.takenOver("sick")["state"] == "running")
        try await fleet.qemuvm("down")
      }
    }

    @Test("A state folder of another version is refused by name, and nothing in it is touched")
    func otherFolder() async throws {
      try await Fleet.run { fleet in
        try await Self.begin(fleet)
        let guests = try fleet.guests().map(\.pid)
        let own = try FileSystem.read(fleet.state + "/format.json")
        try await fleet.supervisor().kill()
        try Self.damage("format.json", Array(#"{"format":99,"machine":"x"}"#.utf8), in: fleet)
        let refused = try await fleet.qemuvm("ls", expecting: 5)
        #expect(refused.errors.contains("format.json has version 99, this qemuvm knows 1"), "\(refused)")
        #expect(try fleet.guests().map(\.pid) == guests)
        try Self.damage("format.json", own, in: fleet)
        try await fleet.qemuvm("ls")
      }
    }

    @Test("After a boot of the host what was wanted starts again, whatever its policy, and nothing else")
    func reboot() async throws {
      try await Fleet.run { fleet in
        try await Self.begin(fleet)
        try await fleet.qemuvm("stop", "well")
        let guest = try fleet.guest()
        try await fleet.supervisor().kill()
        await guest.kill()
        for id in ["sick@shop", "well@shop"] {
          let file = "vms/\(id)/state.json"
          var state = try JSONObject(json: JSONValue(parsing: try FileSystem.read(fleet.state + "/" + file)))
          state["boot"] = "another"
          try Self.damage(file, JSONValue.object(state).bytes(), in: fleet)
        }
        try await fleet.qemuvm("ls")
        let sick = try await fleet.wait(for: "sick", toBe: "running")
        #expect(try #require(sick["cause"]?.string).contains("the host went down and cut its guest off"))
        let why = try await fleet.qemuvm("why", "sick").output
        #expect(why.contains("runs, started again: the host went down") && why.contains("generate systemd"))
        #expect(try await fleet.status("well")["state"] == "stopped")
        #expect(try fleet.guests().count == 1)
      }
    }

    @Test("How an adopted QEMU ended is told by the kernel", arguments: [9, 11])
    func adoptedStatus(signal: Int) async throws {
      try await Fleet.run { fleet in
        try await Self.begin(fleet)
        try await fleet.supervisor().kill()
        try await fleet.qemuvm("ls")
        let sick = try #require(try fleet.guests().first { $0.role == .guest("sick@shop") })
        sick.signal(Int32(signal))
        let vm = try await fleet.wait(for: "sick", toBe: "failed")
        #expect(try #require(vm["cause"]?.string).contains("killed by signal \(signal)"), "\(vm)")
      }
    }
  }
}
