import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Long names") struct LongNames {
    @Test(
      "Names of the longest length run, in a state folder of any depth, and every tool reaches their sockets")
    func longest() async throws {
      let deep = "/tmp/qemuvm-" + String(repeating: "d", count: 100)
      try await Fleet.run(["QEMUVM_STATE_DIR": deep]) { fleet in
        let (name, twin) = (String(repeating: "n", count: 62) + "1", String(repeating: "n", count: 62) + "2")
        let lab = String(repeating: "l", count: 63)
        try fleet.write(
          "{ lab: '\(lab)', vms: { \(name): { profile: 'hello' }, \(twin): { profile: 'hello' } } }"
        )
        try await fleet.qemuvm("validate")
        try await fleet.qemuvm("up")
        try await fleet.wait(for: "\(lab)/\(name)", toSay: "READY")
        let (one, two) = (try await fleet.status(name), try await fleet.status(twin))
        for vm in [one, two] {
          #expect(try #require(vm["qmpSocket"]?.string).utf8.count <= 107)
          #expect(try #require(vm["consoleSocket"]?.string).utf8.count <= 107)
        }
        #expect(one["consoleSocket"] != two["consoleSocket"])
        // The monitor for the user's tools, and the console, by their paths alone.
        let monitor = try await fleet.userMonitor(of: name)
        #expect(try await monitor.execute("query-name")["name"]?.string == name)
        let console = try await fleet.console(of: name)
        try await console.write("through a long name.")
        try await console.read(until: "through a long name.")
        // A new supervisor takes both back.
        try await fleet.qemuvm("supervisor", "stop")
        #expect(try await fleet.status(name)["pid"] == one["pid"])
        #expect(try await fleet.qemuvm("qmp", name, "query-status").output.contains("running"))
        try await fleet.qemuvm("stop")
        // QEMU removes the socket that it was handed: that it cannot is not told to anyone.
        let log = try #require(one["qemuLog"]?.string)
        #expect(try fleet.text(of: log).contains("unlink") == false)
        try await fleet.qemuvm("down")
        #expect(try FileSystem.names(in: fleet.runtime + "/vms") == [])
        #expect(try FileSystem.names(in: deep + "/vms") == [])
        try await fleet.qemuvm("supervisor", "stop")
        try FileSystem.removeTree(deep)
      }
    }
  }
}
