import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("A host that is in the way") struct BadHost {
    @Test("A CPU model that QEMU does not know is told by --dry-run, too")
    func cpuModel() async throws {
      try await Fleet.run { fleet in
        try fleet.define("cpu: 'qemu46',")
        for arguments in [["up", "--dry-run"], ["up"]] {
          let outcome = try await fleet.start(arguments).end()
          #expect(outcome.code != 0)
          #expect(
            outcome.errors.contains("has no CPU model 'qemu46'; did you mean 'qemu64'?"), "\(outcome.errors)")
        }
      }
    }

    @Test("An image that another QEMU holds is refused before anything is made, and the first VM goes on")
    func heldImage() async throws {
      try await Fleet.run { fleet in
        try fleet.write(String(repeating: "\u{0}", count: 65536), to: "d.raw")
        let disk = "disks: [{ file: 'd.raw', format: 'raw' }]"
        try fleet.write(
          "{ lab: 'shop', vms: { one: { profile: 'hello', \(disk) }, two: { profile: 'hello', \(disk) } } }")
        try await fleet.qemuvm("up", "one")
        let guest = try fleet.guest()
        let refused = try await fleet.qemuvm("up", "two", expecting: 1)
        #expect(
          refused.errors.contains("two") && refused.errors.contains("d.raw")
            && refused.errors.contains("shop/one"))
        try await fleet.qemuvm("status", "two", expecting: 3)
        #expect(try await fleet.status("one")["state"] == "running")
        #expect(try fleet.guest().pid == guest.pid)
      }
    }

    @Test("A host port in use is refused and named")
    func portInUse() async throws {
      try await Fleet.run { fleet in
        let (listener, port) = try Self.listenOnAnyPort()
        try fleet.define("networks: ['user'], ports: ['127.0.0.1:\(port):80'],")
        let refused = try await fleet.qemuvm("up", expecting: 1)
        #expect(refused.errors.contains("web") && refused.errors.contains("\(port)"))
        _ = consume listener
        try await fleet.qemuvm("up")
        #expect(try await fleet.status("web")["state"] == "running")
      }
    }

    @Test("A QEMU binary that is missing is refused and named")
    func missingBinary() async throws {
      try await Fleet.run(["QEMUVM_QEMU": "/nowhere/qemu"]) { fleet in
        try fleet.define()
        #expect(try await fleet.qemuvm("up", expecting: 1).errors.contains("/nowhere/qemu"))
      }
    }

    @Test(
      "A runtime folder too deep for sockets is refused with its length, never cut", arguments: [70, 120])
    func longPath(length: Int) async throws {
      let long = "/tmp/qemuvm-" + String(repeating: "x", count: length)
      try await Fleet.run(["QEMUVM_RUNTIME_DIR": long]) { fleet in
        try fleet.define()
        let outcome = try await fleet.start(["up"]).end()
        #expect(outcome.code == 1 || outcome.code == 5, "\(outcome)")
        #expect(outcome.errors.contains("107") && outcome.errors.contains(long))
        #expect(try fleet.guests().isEmpty)
        _ = try await fleet.start(["supervisor", "stop"]).end()
        if FileSystem.exists(long) { try FileSystem.removeTree(long) }
      }
    }

    @Test("A state directory that cannot be written is refused in the system's words")
    func readOnlyState() async throws {
      // Root may write anywhere but here.
      try await Fleet.run(["QEMUVM_STATE_DIR": "/proc/qemuvm"]) { fleet in
        try fleet.define()
        let outcome = try await fleet.qemuvm("up", expecting: 5)
        #expect(outcome.errors.contains("/proc/qemuvm"))
        #expect(try fleet.processes().isEmpty)
      }
    }

    @Test(
      "A full state directory refuses up in the system's words, and stop still works",
      .enabled(if: canMount, "needs the right to mount a file system in a namespace of its own"))
    func fullState() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try FileSystem.makeDirectory(fleet.state)
        try fleet.write("{ lab: 'shop', vms: { web: { profile: 'hello' }, late: { profile: 'hello' } } }")
        let script = """
          set -e
          mount -t tmpfs -o size=512k tmpfs "$QEMUVM_STATE_DIR"
          "$0" up web
          cat /dev/zero >"$QEMUVM_STATE_DIR/filler" 2>/dev/null || true
          "$0" up late && exit 90
          echo refused
          "$0" stop web
          "$0" ls --json
          rm "$QEMUVM_STATE_DIR/filler"
          "$0" supervisor stop
          """
        let program = try Program(
          "/usr/bin/unshare", ["--mount", "/bin/sh", "-c", script, Fleet.binary],
          environment: fleet.environment, directory: fleet.folder)
        let outcome = try await program.end()
        #expect(outcome.code == 0, "\(outcome)")
        #expect(outcome.errors.contains("No space left on device"))
        let json = try #require(outcome.output.split(separator: "refused\n").last)
        let vms = try #require(try JSONValue(parsing: String(json)).array)
        #expect(vms.allSatisfy { $0["pid"] == .null && $0["desired"] == "stopped" })
      }
    }

    private static let canMount: Bool = {
      let launch = ChildProcess.Launch(
        program: "/usr/bin/unshare", arguments: ["--mount", "mount", "-t", "tmpfs", "none", "/mnt"])
      // Without the program there is no right to use it.
      return (try? ChildProcess(launch))?.wait() == .code(0)
    }()

    /// A TCP port of the loopback that is taken as long as the descriptor lives.
    static func listenOnAnyPort() throws -> (listener: FileDescriptorBox, port: UInt16) {
      let socket = FileDescriptor(
        owning: try retrying("socket") { Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) })
      let number = socket.rawValue
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      var size = socklen_t(MemoryLayout<sockaddr_in>.size)
      try withUnsafeMutablePointer(to: &address) { pointer in
        try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
          _ = try retrying("bind") { bind(number, generic, size) }
          _ = try retrying("listen") { listen(number, 1) }
          _ = try retrying("getsockname") { getsockname(number, generic, &size) }
        }
      }
      return (FileDescriptorBox(socket), UInt16(bigEndian: address.sin_port))
    }
  }
}
