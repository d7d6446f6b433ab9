import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Devices last") struct LastingDevices {
    /// What a guest prints of its disks and its card: name and path, and what is behind them.
    private static let question = """
      for d in /sys/block/vd*; do echo "$(basename $d) $(cat $d/size) $(readlink -f $d/device/..)"; done; \
      echo "$(cat /sys/class/net/eth0/address) $(readlink -f /sys/class/net/eth0/device/..)"; echo that is $((6 * 7))

      """

    /// The answer of a guest that boots, a line each; `begin` makes it boot.
    private static func facts(
      of fleet: Fleet, after begin: () async throws -> Void
    ) async throws -> [String] {
      // Its words of before are not those of this boot.
      let console = "\(fleet.state)/vms/web@shop/console.log"
      let old = FileSystem.exists(console) ? try FileSystem.read(console).count : 0
      try await begin()
      let follower = try fleet.start(["logs", "web", "-f"])
      var heard = try await follower.read(until: "GUEST-READY")
      while heard.utf8.count <= old { heard += try await follower.read(until: "GUEST-READY") }
      follower.signal(2)
      _ = try await follower.end()
      let shell = try await fleet.console(of: "web")
      try await shell.write(question)
      return try await shell.read(until: "that is 42").split(whereSeparator: \.isNewline).map(String.init)
        .filter {
          ($0.hasPrefix("vd") || $0.hasPrefix("52:54")) && $0.contains("/sys/devices")
        }
    }

    @Test(
      "A Linux guest finds each disk and its card where they were, however the list is edited",
      .timeLimit(.minutes(10)))
    func sameInGuest() async throws {
      let linux = try await Guests.linux()
      try await Fleet.run { fleet in
        for (name, size) in [("a", 1), ("b", 2), ("c", 3)] {
          let bytes = [UInt8](repeating: 0, count: size << 20)
          try FileSystem.replace("\(fleet.folder)/\(name).raw", with: bytes, durable: false)
        }
        func define(_ disks: String) throws {
          try fleet.write(
            """
            { lab: "shop", vms: { web: {
              profile: "linux", accelerator: "tcg", memory: "256M", disks: [\(disks)],
              kernel: "\(linux.kernel)", initrd: "\(linux.initrd)", append: "console=ttyS0 quiet",
            } } }
            """)
        }
        try define("'a.raw', { name: 'data', file: 'b.raw' }")
        let first = try await Self.facts(of: fleet) { try await fleet.qemuvm("up") }
        try #require(first.count == 3, "\(first)")

        // Another order, and one disk more in front.
        try define("'c.raw', { name: 'data', file: 'b.raw' }, 'a.raw'")
        let up = try await fleet.qemuvm("up")
        let told = up.output + up.errors
        #expect(told.contains("changed: disks: ") && !told.contains("network"), "\(told)")
        // All of it at once, the turns at the next boot too.
        #expect(try await fleet.status("web")["pending"] == [])
        let second = try await Self.facts(of: fleet) { try await fleet.qemuvm("restart", "web") }
        #expect(second.count == 4)
        for line in first { #expect(second.contains(line), "\(line) in \(second)") }

        // The one that was first is gone, and the VM was taken off the list in between.
        try await fleet.qemuvm("down")
        try define("{ name: 'data', file: 'b.raw' }, 'c.raw'")
        let third = try await Self.facts(of: fleet) { try await fleet.qemuvm("up") }
        #expect(third.count == 3)
        let places = { (facts: [String]) in
          Set(facts.map { $0.split(separator: " ").dropFirst().joined(separator: " ") })
        }
        #expect(places(third).isSubset(of: places(second)), "\(third) after \(second)")
        #expect(third.last == first.last)
        try await fleet.qemuvm("down")
      }
    }

    @Test("A guest that an earlier version has started is taken over, and keeps its places at its next start")
    func earlierVersion() async throws {
      try await Fleet.run { fleet in
        for name in ["a", "b"] {
          let bytes = [UInt8](repeating: 0, count: 1 << 20)
          try FileSystem.replace("\(fleet.folder)/\(name).raw", with: bytes, durable: false)
        }
        try fleet.define("machine: 'q35', disks: ['a.raw', 'b.raw'], networks: ['user'],")
        try await fleet.qemuvm("up")
        let pid = try fleet.guest().pid
        try await fleet.supervisor().kill()
        // What an earlier version kept had neither ids nor places.
        let folder = fleet.state + "/vms/web@shop"
        for (file, key) in [("definition.json", "addresses"), ("state.json", "started")] {
          var kept = try JSONObject(json: try JSONValue(parsing: try FileSystem.read("\(folder)/\(file)")))
          #expect(kept[key] != nil, "\(file)")
          kept[key] = nil
          try FileSystem.replace("\(folder)/\(file)", with: JSONValue.object(kept).bytes(), durable: false)
        }
        let vm = try await fleet.takenOver("web")
        #expect(vm["pid"]?.int == pid && vm["state"] == "running" && vm["pending"] == [])
        #expect(vm["machine"]?["disks[1]"]?.string?.contains("b.raw") == true)
        try fleet.define("machine: 'q35', disks: ['b.raw', 'a.raw'], networks: ['user'], cpus: 2,")
        let up = try await fleet.qemuvm("up")
        let told = up.output + up.errors
        #expect(told.contains("cpus: 1 -> 2"), "\(told)")
        // And for another supervisor.
        try await fleet.supervisor().kill()
        #expect(try await fleet.status("web")["pid"]?.int == pid)
        try await fleet.qemuvm("restart", "web")
        let words = try await fleet.qemuvm("args", "web").output
        for place in [
          #""id":"disk-a.raw","addr":"0xc""#, #""id":"disk-b.raw","addr":"0xd""#,
          #""id":"net-user","addr":"0x6""#,
        ] {
          #expect(words.contains(place), "\(words)")
        }
        #expect(try await fleet.status("web")["pending"] == [])
        try await fleet.qemuvm("down")
      }
    }
  }
}
