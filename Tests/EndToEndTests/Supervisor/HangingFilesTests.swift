import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("A file system that hangs", .enabled(if: getuid() == 0, "mounting one needs root"))
  struct HangingFiles {
    @Test("Under a folder, a QEMU, a disk and a VM's state, it delays those who need it and nobody else")
    func others() async throws {
      try await Fleet.run { fleet in
        try fleet.write(String(repeating: "\u{0}", count: 65536), to: "disks/d.raw")
        let disk = "disks: [{ file: 'disks/d.raw', format: 'raw' }]"
        try fleet.write(
          "{ lab: 'shop', vms: { web: { profile: 'hello' }, lost: { profile: 'hello' }, sick: { profile: 'hello', \(disk) } } }"
        )
        try await fleet.qemuvm("up")
        try await fleet.qemuvm("stop", "sick")
        let disks = try await fleet.hang(fleet.folder + "/disks")
        let state = try await fleet.hang(fleet.state + "/vms/lost@shop")
        let starting = try fleet.start(["start", "sick"])
        let monitor = try await fleet.monitor()
        // More than there are threads for Dispatch's queues.
        for number in 0..<300 {
          try await Self.up(["name": "v\(number)", "profile": "p"], in: "\(disks.folder)/\(number)", monitor)
        }
        let program = JSONValue.string(disks.folder + "/qemu")
        try await Self.up(["name": "q", "profile": "hello", "qemu": program], in: fleet.folder, monitor)

        #expect(try await fleet.names() == ["shop/lost", "shop/sick", "shop/web"])
        let web = try #require(try fleet.guests().first { $0.role == .guest("web@shop") })
        await web.kill()
        try await fleet.wait(for: "web") { $0["state"] == "running" && $0["restarts"] == 1 }
        try await fleet.qemuvm("restart", "web")
        try await fleet.qemuvm("down", "web")
        try await fleet.qemuvm("up", "web")
        // Its disk hangs, and what is recorded of it does not.
        try await fleet.qemuvm("kill", "sick")
        let lost = try await fleet.qemuvm("kill", "lost", expecting: 1)
        #expect(lost.errors.contains("stopped, but not recorded: no answer from \(state.folder)"))
        try await fleet.wait(for: "lost", toBe: "stopped")
        #expect(try fleet.guests().map(\.role) == [.guest("web@shop")])

        try await state.release()
        try await disks.release()
        // It was stopped meanwhile, and stays so.
        #expect(try await starting.end().code == 1)
        await monitor.close()
        for name in ["sick", "lost"] {
          try await fleet.qemuvm("stop", name)
          #expect(try await fleet.status(name)["state"] == "stopped")
          try await fleet.qemuvm("start", name)
        }
      }
    }

    @Test("Under VMs' folders while a new supervisor begins, it delays nothing but what is known of those")
    func recovery() async throws {
      try await Fleet.run { fleet in
        let names = (1...20).map { "sick\($0)" } + ["web"]
        let vms = names.map { "\($0): { profile: 'hello' }" }.joined(separator: ", ")
        try fleet.write("{ lab: 'shop', vms: { \(vms) } }")
        try await fleet.qemuvm("up", "sick1", "sick2", "web")
        for name in names.dropFirst(2).dropLast() { try await fleet.qemuvm("create", name) }
        let guests = Set(try fleet.guests().map(\.pid))
        await (try fleet.supervisor()).kill()
        var folders: [HangingFolder] = []
        // More than are read at the same time.
        for name in names.dropLast() {
          folders.append(try await fleet.hang("\(fleet.state)/vms/\(name)@shop"))
        }

        #expect(try await fleet.status("web")["state"] == "running")
        let sick = try await fleet.status("sick1")
        #expect(sick["state"] == "waiting")
        #expect(sick["cause"]?.string?.contains("no answer from \(folders[0].folder)") == true, "\(sick)")
        for verb in ["start", "stop", "kill", "down", "restart", "pause"] {
          let refused = try await fleet.qemuvm(verb, "sick1", expecting: 1)
          #expect(refused.errors.contains("no answer from \(folders[0].folder)"), "\(refused)")
        }
        try await fleet.qemuvm("restart", "web")

        for folder in folders { try await folder.answer() }
        // Those that were running are taken back, and those that were not stay so.
        for name in ["sick1", "sick2"] {
          let vm = try await fleet.wait(for: name, toBe: "running")
          #expect(vm["pid"]?.int.map(guests.contains) == true, "\(vm)")
        }
        try await fleet.wait(for: "sick3", toBe: "stopped")
        try await fleet.qemuvm("down")
        #expect(try fleet.guests().isEmpty)
      }
    }

    @Test("Under RUNTIME, from which the control socket was taken, it holds up no client that is connected")
    func runtime() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let monitor = try await fleet.monitor()
        let log = fleet.state + "/supervisor.log"
        let runtime = try await fleet.hang(fleet.runtime)
        // As a client does that finds no socket.
        try FileSystem.touch(fleet.state + "/supervisor.lock")
        try await fleet.modification(of: log) {
          try fleet.text(of: log).contains("no answer from the files of shop/web")
        }
        // Its end cannot be recorded, which it says after a while; the socket is being put back by then.
        let killed = try await monitor.reply(to: "kill", ["name": "web"])
        #expect(killed["error"]?["desc"]?.string?.contains("not recorded") == true, "\(killed)")
        #expect(try await monitor.execute("query-vms").array?.count == 1)
        try await runtime.answer()
        try await fleet.qemuvm("down")
      }
    }

    @Test("Under one guest's log, it holds up the rotation of no other's")
    func logs() async throws {
      try await Fleet.run { fleet in
        let firmware = try await Guests.firmware(.number)
        let vm =
          "profile: 'hello', firmware: '\(firmware)', accelerator: 'tcg', logs: { maxSize: '64K', keep: 5 }"
        try fleet.write("{ lab: 'shop', vms: { sick: { \(vm) }, web: { \(vm) } } }")
        try await fleet.qemuvm("up", "sick")
        let state = try await fleet.hang(fleet.state + "/vms/sick@shop")
        try await fleet.qemuvm("up", "web")
        // Both write without end, and the first one's log does not answer by now.
        for name in ["console.1.log", "console.2.log"] {
          try await fleet.arrival(of: fleet.state + "/vms/web@shop/" + name)
        }
        try await fleet.qemuvm("kill", "web")
        try await state.release()
      }
    }

    private static func up(
      _ definition: JSONObject, in folder: String, _ monitor: PlainMonitor
    ) async throws {
      let request: JSONObject = [
        "execute": "up", "arguments": ["definition": .object(definition), "directory": .string(folder)],
      ]
      try await monitor.stream.write(JSONValue.object(request).bytes() + [UInt8(ascii: "\n")])
    }
  }
}
