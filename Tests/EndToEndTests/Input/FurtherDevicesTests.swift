import Host
import JSON
import Testing

extension EndToEnd {
  /// Devices of which QEMU itself makes something on the host, or hands the guest what is there.
  @Suite("A screen, a balloon and texts for the firmware") struct FurtherDevices {
    @Test("The screen is where status says, also for the next QEMU of a VM; no text stands on a command line")
    func screen() async throws {
      try await Fleet.run { fleet in
        try fleet.define(
          """
          display: 'vnc', balloon: true, bootMenu: true, fwCfg: { 'opt/org.example/role': 'a text of its own' },
          """)
        try await fleet.qemuvm("up")
        let status = try await fleet.qemuvm("status", "web").output
        let socket = fleet.runtime + "/vms/web@shop/vnc.sock"
        #expect(status.contains("VNC at \(socket)"), "\(status)")
        #expect(try await Self.greeting(of: socket).hasPrefix("RFB 003.008\n"))
        let balloon = try await fleet.qemuvm("qmp", "web", "query-balloon").output
        #expect(balloon.contains("\(16 << 20)"), "\(balloon)")
        #expect(!(try await fleet.qemuvm("args", "web").output.contains("a text of its own")))
        // It leaves its socket behind, beside which the next one's would not come to be.
        let guest = try fleet.guest()
        await guest.kill()
        _ = try await fleet.wait(for: "web") {
          $0["state"]?.string == "running" && $0["pid"]?.int != Int(guest.pid)
        }
        #expect(try await Self.greeting(of: socket).hasPrefix("RFB 003.008\n"))
        try await fleet.qemuvm("down")
        #expect(!FileSystem.exists(socket))
      }
    }

    private static func greeting(of socket: String) async throws -> String {
      try await ByteStream(connectingTo: socket).read(until: "\n")
    }
  }
}
