import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Real guests on a network") struct GuestNetwork {
    @Test(
      "Two Linux guests get their addresses, find each other by name, and a transfer goes on over a switch that is killed"
    )
    func transfer() async throws {
      let linux = try await Guests.linux()
      try await Fleet.run { fleet in
        let network = try NetworkFolder(fleet, ["db", "web"])
        let first = try await network.startSwitch()
        let db = try Self.start("db", linux, network)
        let web = try Self.start("web", linux, network)
        do {
          for (guest, number) in [(db, 2), (web, 3)] {
            // What udhcpc's script says of the lease.
            _ = try await guest.read(until: "GUEST-LEASE 10.9.0.\(number)/24 backend.shop 10.9.0.1")
            _ = try await guest.read(until: "GUEST-READY")
          }
          try await db.input.write(
            "nslookup web.backend.shop && ping -c 3 -W 20 web && echo pinged $((40 + 2))\n")
          let pinged = try await db.read(until: "pinged 42")
          #expect(pinged.contains("10.9.0.3"))
          #expect(pinged.contains("3 packets received"))
          try await web.input.write("nslookup nobody || echo unknown $((40 + 2))\n")
          _ = try await web.read(until: "unknown 42")
          // It stops in the middle until it is told to go on.
          let receiver =
            "dd bs=64k count=32 iflag=fullblock of=/tmp/a; echo half $((40 + 2)); read go </dev/ttyS0; cat >/tmp/b"
          try await web.input.write(
            "nc -l -p 5000 | ( \(receiver) ); cat /tmp/a /tmp/b | md5sum; echo done $((40 + 2))\n")
          try await db.input.write(
            """
            dd if=/dev/urandom of=/tmp/data bs=64k count=192
            echo sum $(md5sum </tmp/data)
            until nc web 5000 </tmp/data; do sleep 1; done; echo sent $((40 + 2))

            """)
          let sum = try await Self.sum(in: db.read(until: "sum ") + db.read(until: "-\r\n"))
          _ = try await web.read(until: "half 42")
          first.signal(SIGKILL)
          _ = try await first.end()
          try await web.input.write("go\n")
          let second = try await network.startSwitch()
          let received = try await web.read(until: "done 42")
          #expect(received.contains(sum), "\(sum) of what was sent; received: \(received)")
          _ = try await db.read(until: "sent 42")
          let report = try await network.report(of: "web")
          #expect(try #require(report["bytesOut"]?.int) > 8 << 20)
          #expect(report["drops"]?["foreignAddress"] == 0)
          try await network.end(second)
        } catch {
          for guest in [db, web] { guest.signal(SIGKILL) }
          throw error
        }
        for (guest, name) in [(db, "db"), (web, "web")] {
          guest.signal(SIGTERM)
          _ = try await guest.end()
          unlink(network.card(name))
        }
      }
    }

    private static var emulator: String {
      let name = "QEMUVM_QEMU="
      return ChildProcess.environment.first { $0.hasPrefix(name) }.map { String($0.dropFirst(name.count)) }
        ?? "qemu-system-x86_64"
    }

    /// A bare QEMU with one card of the network.
    private static func start(_ name: String, _ linux: Guests.LinuxGuest, _ network: NetworkFolder) throws
      -> Program
    {
      func unix(_ path: String) -> JSONValue { ["type": "unix", "path": .string(path)] }
      let netdev: JSONValue = [
        "type": "dgram", "id": "n0", "local": unix(network.card(name)),
        "remote": unix(network.switchEnd(name)),
      ]
      let card: JSONValue = [
        "driver": "virtio-net-pci", "id": "nic0", "netdev": "n0", "romfile": "", "addr": "0x4",
        "mac": .string(NetworkFolder.mac(network.names.firstIndex(of: name) ?? 0)),
      ]
      return try Program(
        "/usr/bin/env",
        [
          emulator, "-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35",
          "-accel", "tcg", "-cpu", "qemu64", "-m", "256M", "-serial", "stdio", "-kernel", linux.kernel,
          "-initrd", linux.initrd, "-append", "console=ttyS0 quiet guest.name=\(name) guest.dhcp=eth0",
          "-netdev", "\(netdev)", "-device", "\(card)", "-sandbox",
          "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
        ], environment: network.fleet.environment, directory: network.fleet.folder)
    }

    /// The checksum behind `sum `, which is also on the line that was typed.
    private static func sum(in text: String) throws -> String {
      let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
      return try #require(words.last { $0.count == 32 && $0.allSatisfy(\.isHexDigit) })
    }
  }
}
