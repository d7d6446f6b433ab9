import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  /// What `update`, and `up` after an edit, change under a running guest.
  @Suite("Changes while the guest runs") struct LiveChanges {
    /// A guest's shell on its serial console.
    private struct Shell {
      let stream: ByteStream

      /// What a command prints.
      func run(_ command: String) async throws -> [String] {
        try await stream.write("\(command); echo that is $((6 * 7))\n")
        return try await stream.read(until: "that is 42").split(whereSeparator: \.isNewline).map(String.init)
      }

      /// Runs it until it prints a line that ends so: what is plugged in shows in its own time.
      func run(_ command: String, until wanted: String) async throws {
        try await stream.write(
          "until \(command) | grep -q '\(wanted)'; do sleep 0.2; done; echo that is $((6 * 7))\n")
        _ = try await stream.read(until: "that is 42")
      }
    }

    /// The names of QEMU's own devices and block nodes.
    private static func parts(of fleet: Fleet) async throws -> Set<String> {
      let monitor = try await fleet.userMonitor(of: "web")
      let devices = try await monitor.execute("qom-list", ["path": "/machine/peripheral"]).array ?? []
      let nodes = try await monitor.execute("query-named-block-nodes").array ?? []
      await monitor.close()
      return Set(devices.compactMap { $0["name"]?.string } + nodes.compactMap { $0["node-name"]?.string })
    }

    private static let keys = """
      profile: 'linux', accelerator: 'tcg', memory: '256M', disks: [{ name: 'first', size: '8M' }],
      """

    @Test(
      "A Linux guest sees disks, a card and ports come, grow and go, and finds them at the same places after a start",
      .timeLimit(.minutes(10)))
    func inGuest() async throws {
      let linux = try await Guests.linux()
      try await Fleet.run { fleet in
        let boot = "kernel: '\(linux.kernel)', initrd: '\(linux.initrd)', append: 'console=ttyS0 quiet',"
        try fleet.write("{ lab: 'shop', vms: { web: { \(Self.keys) \(boot) } } }")
        try await fleet.qemuvm("up")
        try await fleet.wait(for: "web", toSay: "GUEST-READY")
        let shell = Shell(stream: try await fleet.console(of: "web"))
        let pid = try await fleet.status("web")["pid"]

        try await fleet.qemuvm(
          "update", "web", "--disk-add", "name=data,size=16M", "--net-add", "user", "--port-add", "0:22")
        let vm = try await fleet.status("web")
        #expect(vm["pending"] == [] && vm["pid"] == pid)
        try await shell.run("cat /sys/block/vdb/size", until: "^32768$")
        try await shell.run("ls /sys/class/net", until: "eth1")
        let places = "for d in /sys/block/vd* /sys/class/net/eth*; do readlink -f $d/device/..; done"
        let before = Set(try await shell.run(places).filter { $0.hasPrefix("/sys/devices") })
        #expect(before.count == 4)

        try await fleet.qemuvm("update", "web", "--disk-grow", "data=24M")
        try await shell.run("cat /sys/block/vdb/size", until: "^49152$")

        // What its file says now: another disk; the other has gone.
        try fleet.write(
          """
          { lab: 'shop', vms: { web: { \(Self.keys.replacing("'8M' }", with: "'8M' }, { name: 'more', size: '4M' }")) \(boot)
            networks: ['user', 'user'] } } }
          """)
        let up = try await fleet.qemuvm("up")
        #expect((up.output + up.errors).contains("{\"name\":\"more\",\"size\":\"4M\"}"), "\(up)")
        #expect(try await fleet.status("web")["pending"] == [])
        try await shell.run("cat /sys/block/vd*/size", until: "^8192$")
        #expect(try await Self.parts(of: fleet).intersection(["disk-data", "file-data"]).isEmpty)
        #expect(FileSystem.exists("\(fleet.state)/disks/web@shop/disk-data.qcow2"))

        // The second port is taken: the disk that was plugged in before it goes again.
        let (holder, port) = try BadHost.listenOnAnyPort()
        let parts = try await Self.parts(of: fleet)
        let refused = try await fleet.qemuvm(
          "update", "web", "--disk-add", "name=third,size=1M", "--port-add", "\(port):80", expecting: 1)
        #expect(refused.errors.contains("its guest runs as before: "), "\(refused)")
        #expect(refused.errors.contains("host forwarding rule"), "\(refused)")
        #expect(refused.output.contains("waits for the next start: disk 'third': added"), "\(refused)")
        #expect(try await Self.parts(of: fleet) == parts)
        withExtendedLifetime(holder) {}
        #expect(try await fleet.status("web")["pid"] == pid)

        // Everything is where it was when the guest starts anew.
        try await fleet.qemuvm("update", "web", "--disk-remove", "third", "--port-remove", "\(port)")
        let now = Set(try await shell.run(places).filter { $0.hasPrefix("/sys/devices") })
        let said = try FileSystem.read("\(fleet.state)/vms/web@shop/console.log").count
        try await fleet.qemuvm("restart", "web", "--timeout", "60s")
        let follower = try fleet.start(["logs", "web", "-f"])
        var heard = try await follower.read(until: "GUEST-READY")
        while heard.utf8.count <= said { heard += try await follower.read(until: "GUEST-READY") }
        follower.signal(SIGINT)
        _ = try await follower.end()
        let again = Shell(stream: try await fleet.console(of: "web"))
        #expect(Set(try await again.run(places).filter { $0.hasPrefix("/sys/devices") }) == now)

        // Its supervisor died when the disk was plugged in, and again when only its image was open.
        try await fleet.qemuvm("update", "web", "--disk-add", "name=late,size=2M")
        let file = "\(fleet.state)/vms/web@shop/state.json"
        for isPlugged in [true, false] {
          try await fleet.arrival(of: file) {
            let state = try JSONValue(parsing: FileSystem.read(file))
            return state["changing"] == nil && "\(state)".contains("disk-late")
          }
          try await fleet.supervisor().kill()
          let monitor = try await fleet.userMonitor(of: "web")
          if !isPlugged {
            try await monitor.execute("device_del", ["id": "disk-late"])
            _ = try await monitor.event {
              $0["event"] == "DEVICE_DELETED" && $0["data"]?["device"] == "disk-late"
            }
          }
          await monitor.close()
          var state = try JSONObject(json: try JSONValue(parsing: FileSystem.read(file)))
          var started = try #require(state["started"]?.object)
          started["devices"] = .array((started["devices"]?.array ?? []).filter { $0["id"] != "disk-late" })
          (state["started"], state["changing"]) = (.object(started), true)
          try FileSystem.replace(file, with: JSONValue.object(state).bytes(), durable: false)
          try await fleet.qemuvm("ls")
          // The one behind a change under way.
          try await fleet.qemuvm("update", "web", "--disk-add", "name=behind\(isPlugged),size=1M")
          #expect(try await fleet.status("web")["pending"] == [])
          #expect(
            try await Self.parts(of: fleet).isSuperset(of: [
              "disk-late", "file-late", "disk-behind\(isPlugged)",
            ]))
        }
        try await fleet.qemuvm("down")
      }
    }

    @Test("What a guest does not let go of stays, is told, and holds up nobody")
    func heldByGuest() async throws {
      try await Fleet.run { fleet in
        // Firmware alone lets go of nothing.
        let keys =
          "profile: 'linux', accelerator: 'tcg', memory: '64M', disks: [{ name: 'data', size: '1M' }],"
        try fleet.write("{ lab: 'shop', vms: { web: { \(keys) } } }")
        try await fleet.qemuvm("up")
        let parts = try await Self.parts(of: fleet)
        let refused = try await fleet.qemuvm(
          "update", "web", "--disk-remove", "data", "--timeout", "300ms", expecting: 1)
        #expect(refused.errors.contains("the guest has not let go of it within 0.3 s"), "\(refused)")
        #expect(refused.output.contains("waits for the next start: disk 'data': removed"), "\(refused)")
        #expect(try await Self.parts(of: fleet) == parts)
        // One that waits long is overtaken by those who end the VM.
        try await fleet.qemuvm("up")
        let held = try fleet.start(["update", "web", "--disk-remove", "data", "--timeout", "50s"])
        let file = "\(fleet.state)/vms/web@shop/state.json"
        try await fleet.arrival(of: file) {
          try JSONValue(parsing: FileSystem.read(file))["changing"] == true
        }
        try await fleet.qemuvm("kill", "web")
        #expect(try await held.end().code == 0)
        #expect(try await fleet.status("web")["state"] == "stopped")
        try await fleet.qemuvm("start", "web")
        #expect(try await fleet.status("web")["pending"] == [])
        // So is what is taken back, device after device, and the next change has its turn.
        let (holder, port) = try BadHost.listenOnAnyPort()
        let late = try fleet.start([
          "update", "web", "--disk-add", "name=x,size=1M", "--disk-add", "name=y,size=1M", "--port-add",
          "\(port):80",
          "--timeout", "50s",
        ])
        var isPlugged = false
        for _ in 0..<1000 where !isPlugged {
          isPlugged = try await Self.parts(of: fleet).isSuperset(of: ["disk-x", "disk-y"])
        }
        #expect(isPlugged)
        try await fleet.qemuvm("kill", "web")
        _ = try await late.end()
        withExtendedLifetime(holder) {}
        try await fleet.qemuvm("update", "web", "--port-remove", "\(port)")
        try await fleet.qemuvm("start", "web")
        try await fleet.qemuvm("update", "web", "--port-add", "0:81")
        #expect(try await fleet.status("web")["pending"] == [])
        // Nor does it hear its power button.
        try await fleet.qemuvm("kill", "web")
        try await fleet.qemuvm("down")
      }
    }

    @Test("Of what is not there, and of the image, nothing is taken; ports and media change by their names")
    func words() async throws {
      try await Fleet.run { fleet in
        for name in ["a", "b"] {
          try FileSystem.replace(
            "\(fleet.folder)/\(name).iso", with: [UInt8](repeating: UInt8(ascii: "x"), count: 65536),
            durable: false)
        }
        let keys =
          "profile: 'hello', machine: 'q35', disks: [{ name: 'cd', file: 'a.iso', cdrom: true, bus: 'sata' }],"
        try fleet.write("{ lab: 'shop', vms: { web: { \(keys) networks: ['user'] } } }")
        try await fleet.qemuvm("up")
        func refused(_ options: String..., says words: String) async throws {
          let outcome = try await fleet.qemuvm(["update", "web"] + options, expecting: 2)
          #expect(outcome.errors.contains(words), "\(outcome)")
        }
        try await refused("--disk-remove", "x", says: "there is no disk 'x': it has cd")
        try await refused(
          "--net-remove", "backend", says: "there is no card on a network 'backend': it has user")
        try await refused("--port-remove", "80", says: "there is no port '80': it has none")
        try await refused("--disk-grow", "cd", says: "NAME=VALUE")
        try await fleet.qemuvm("update", "web", "--media", "cd=b.iso")
        let monitor = try await fleet.userMonitor(of: "web")
        let drives = try await monitor.execute("query-block").array ?? []
        let files = drives.compactMap { $0["inserted"]?["image"]?["filename"]?.string }
        #expect(files == ["\(fleet.folder)/b.iso"], "\(drives)")
        // One that cannot be opened leaves the other in the drive.
        let outcome = try await fleet.qemuvm("update", "web", "--media", "cd=gone.iso", expecting: 1)
        #expect(outcome.errors.contains("gone.iso"), "\(outcome)")
        #expect(try await fleet.status("web")["machine"]?["disks[0]"]?.string?.contains("b.iso") == true)
        await monitor.close()
        try await fleet.qemuvm("down")
      }
    }
  }
}
