import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Real guests on a network") struct GuestNetwork {
    @Test(
      "Brought up by one 'up', Linux guests get their addresses and find each other by name; a transfer goes on over a switch and a supervisor that are killed"
    )
    func transfer() async throws {
      let linux = try await Guests.linux()
      try await Fleet.run { fleet in
        try fleet.write(
          """
          { lab: "shop", networks: { backend: { subnet: "10.9.0.0/24" } }, vms: {
            db: { \(Self.keys("db", linux)), networks: ["backend"] },
            web: { \(Self.keys("web", linux)), networks: [{ network: "backend", address: "10.9.0.80" }] },
          } }
          """)
        try await fleet.qemuvm("up")
        for (name, number) in [("db", 2), ("web", 80)] {
          // What udhcpc's script says of the lease.
          try await fleet.wait(
            for: name, toSay: "GUEST-LEASE 10.9.0.\(number)/24 backend.shop 10.9.0.1")
          try await fleet.wait(for: name, toSay: "GUEST-READY")
        }
        var (db, web) = (try await fleet.console(of: "db"), try await fleet.console(of: "web"))
        try await db.write("nslookup web.backend.shop && ping -c 3 -W 20 web && echo pinged $((40 + 2))\n")
        let pinged = try await db.read(until: "pinged 42")
        #expect(pinged.contains("10.9.0.80"))
        #expect(pinged.contains("3 packets received"))
        try await web.write("nslookup nobody || echo unknown $((40 + 2))\n")
        _ = try await web.read(until: "unknown 42")
        // It stops in the middle until it is told to go on.
        let receiver =
          "dd bs=64k count=32 iflag=fullblock of=/tmp/a; echo half $((40 + 2)); read go </dev/ttyS0; cat >/tmp/b"
        try await web.write(
          "nc -l -p 5000 | ( \(receiver) ); cat /tmp/a /tmp/b | md5sum; echo done $((40 + 2))\n")
        try await db.write(
          """
          dd if=/dev/urandom of=/tmp/data bs=64k count=192
          echo sum $(md5sum </tmp/data)
          until nc web 5000 </tmp/data; do sleep 1; done; echo sent $((40 + 2))

          """)
        let sum = try await Self.sum(in: db.read(until: "sum ") + db.read(until: "-\r\n"))
        _ = try await web.read(until: "half 42")
        try await fleet.supervisor().kill()
        let killed = try fleet.networkSwitch("backend@shop")
        await killed.kill()
        // The next supervisor starts another switch under the guests that run.
        try await fleet.qemuvm("network", "ls")
        #expect(try fleet.networkSwitch("backend@shop").pid != killed.pid)
        for name in ["db", "web"] { try await fleet.wait(for: name, toBe: "running") }
        (db, web) = (try await fleet.console(of: "db"), try await fleet.console(of: "web"))
        try await web.write("go\n")
        let received = try await web.read(until: "done 42")
        #expect(received.contains(sum), "\(sum) of what was sent; received: \(received)")
        let networks = try await fleet.json("network", "ls")
        let ports = try #require(networks.array?.first?["ports"]?.array)
        let port = try #require(ports.first { $0["vm"] == "web" })
        #expect(try #require(port["bytesOut"]?.int) > 8 << 20)
        #expect(port["drops"]?["foreignAddress"] == 0)
        try await fleet.qemuvm("down")
        #expect(try fleet.processes().allSatisfy { $0.role == .supervisor })
      }
    }

    private static func keys(_ name: String, _ linux: Guests.LinuxGuest) -> String {
      """
      profile: "linux", accelerator: "tcg", memory: "256M", kernel: "\(linux.kernel)", initrd: "\(linux.initrd)", \
      append: "console=ttyS0 quiet guest.name=\(name) guest.dhcp=eth0"
      """
    }

    /// The checksum behind `sum `, which is also on the line that was typed.
    private static func sum(in text: String) throws -> String {
      let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
      return try #require(words.last { $0.count == 32 && $0.allSatisfy(\.isHexDigit) })
    }
  }
}
