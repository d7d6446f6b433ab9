import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  /// The disk from which cloud-init learns what to do; its guest is a firmware, which reads none of it.
  @Suite("The disk of the first boot") struct FirstBoot {
    private static func lab(_ cloudInit: String) -> String {
      """
      { lab: "shop", vms: { web: { profile: "hello", networks: ["user"], cloudInit: \(cloudInit) } } }
      """
    }

    private static func kept(_ fleet: Fleet, _ name: String) -> String {
      "\(fleet.state)/disks/web@shop/\(name)"
    }

    /// What the disk has under a name, as a guest would read it.
    private static func onDisk(_ fleet: Fleet, _ name: String) async throws -> String {
      let target = fleet.root + "/extracted"
      try FileSystem.remove(target)
      let outcome = try await fleet.tool(
        "xorriso",
        ["-no_rc", "-osirrox", "on", "-indev", kept(fleet, "cloud-init.iso"), "-extract", "/" + name, target])
      try #require(outcome.code == 0, "\(outcome)")
      return try fleet.text(of: target)
    }

    private static func mode(_ path: String) -> UInt32 {
      var status = stat()
      return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }

    @Test(
      "It has what the definition says, nobody else reads it, it is made anew only for new words, and no secret shows"
    )
    func content() async throws {
      try await Fleet.run { fleet in
        try fleet.write("p4ss-word\n", to: "pw")
        try fleet.write(
          Self.lab("{ user: \"admin\", password: { file: \"pw\" }, runCommands: [\"echo other-s3cret\"] }"))
        let dry = try await fleet.qemuvm("up", "--dry-run").output
        #expect(dry.contains("with a disk for cloud-init: user admin, 1 command, a password"))
        #expect(!FileSystem.exists(fleet.state + "/ssh"))
        try await fleet.qemuvm("up")
        let disk = Self.kept(fleet, "cloud-init.iso")
        for name in ["cloud-init.iso", "cloud-init.json", "ssh/ssh_host_ed25519_key"] {
          #expect(Self.mode(Self.kept(fleet, name)) == 0o600, "\(name)")
        }
        #expect(Self.mode(fleet.state + "/ssh/id_ed25519") == 0o600)
        let data = try await Self.onDisk(fleet, "user-data")
        #expect(data.hasPrefix("#cloud-config\n"))
        #expect(data.contains("\"p4ss-word\""))
        let ownKey = try fleet.text(of: fleet.state + "/ssh/id_ed25519.pub")
        #expect(data.contains(String(ownKey.dropLast())))
        let metaData = try await Self.onDisk(fleet, "meta-data")
        #expect(metaData.contains("\"local-hostname\": \"web\""))
        let told = try await fleet.qemuvm("status", "web", "--json").output
        let ssh = try #require(try JSONValue(parsing: Array(told.utf8))["ssh"])
        #expect(ssh["user"] == "admin")
        let port = try #require(ssh["port"]?.int)

        // Nothing is new: the file stays, over a restart as over down and up; so do the port and what it is known by.
        let identity = try FileSystem.identity(of: disk)
        try await fleet.qemuvm("restart", "web")
        try await fleet.qemuvm("down")
        try await fleet.qemuvm("up")
        #expect(try FileSystem.identity(of: disk) == identity)
        #expect(try await fleet.status("web")["ssh"]?["port"]?.int == port)

        try fleet.write("new-passw0rd\n", to: "pw")
        try await fleet.qemuvm("down")
        try fleet.write(
          Self.lab("{ user: \"admin\", password: { file: \"pw\" }, runCommands: [\"echo changed-s3cret\"] }"))
        let changed = try await fleet.qemuvm("up")
        #expect(try FileSystem.identity(of: disk) != identity)
        #expect(try await Self.onDisk(fleet, "user-data").contains("\"new-passw0rd\""))
        #expect(try await Self.onDisk(fleet, "meta-data") == metaData)

        let texts = [
          told, dry, changed.errors, try await fleet.qemuvm("args", "web").output,
          try await fleet.qemuvm("events").output, try fleet.text(of: fleet.state + "/ledger.jsonl"),
          try fleet.text(of: fleet.state + "/supervisor.log"),
        ]
        for text in texts {
          for secret in ["p4ss", "s3cret", "passw0rd"] { #expect(!text.contains(secret), "\(text)") }
        }
        try await fleet.qemuvm("down", "--disks")
        #expect(!FileSystem.exists(disk))
      }
    }

    @Test("A missing program and a missing file are named before anything starts, with the way out")
    func missing() async throws {
      try await Fleet.run { fleet in
        try fleet.write(Self.lab("{ password: { file: \"nowhere\" } }"))
        let file = try await fleet.qemuvm("up", expecting: 1).errors
        #expect(file.contains("cloudInit.password \(fleet.folder)/nowhere: No such file or directory"))
        #expect(file.contains("qemuvm.json5:1:"))
      }
      // A PATH with nothing in it but what QEMU needs.
      try await Fleet.run(["PATH": "/nonexistent", "QEMUVM_QEMU": try await Self.emulator()]) { fleet in
        try fleet.write(Self.lab("true"))
        let refusal = try await fleet.qemuvm("up", expecting: 1).errors
        #expect(refusal.contains("cloudInit: its disk cannot be made: 'xorriso' is not found in PATH"))
        #expect(refusal.contains("The package xorriso has it."))
        #expect(try await fleet.names() == [])
      }
    }

    private static func emulator() async throws -> String {
      if let named = Fleet.variable("QEMUVM_QEMU") { return named }
      let found = try await Program(
        "/usr/bin/env", ["sh", "-c", "command -v qemu-system-x86_64"], environment: ChildProcess.environment
      ).end()
      return String(found.output.split(separator: "\n").first ?? "")
    }

    @Test("A free port that another program has taken meanwhile gives way to another one")
    func takenPort() async throws {
      try await Fleet.run { fleet in
        try fleet.write(Self.lab("true"))
        try await fleet.qemuvm("up")
        let port = try #require(try await fleet.status("web")["ssh"]?["port"]?.int)
        try await fleet.qemuvm("stop", "web")
        let other = try Listener(port: port)
        try await fleet.qemuvm("start", "web")
        let next = try #require(try await fleet.status("web")["ssh"]?["port"]?.int)
        #expect(next != port)
        withExtendedLifetime(other) {}
        try await fleet.qemuvm("down")
      }
    }

    /// A program that listens on a port of this host.
    private struct Listener: ~Copyable {
      private let socket: FileDescriptor

      init(port: Int) throws {
        let number = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        socket = FileDescriptor(owning: number)
        var on: Int32 = 1
        setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
          pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
          }
        }
        try #require(result == 0 && listen(number, 1) == 0, "\(SystemError("bind"))")
      }
    }
  }
}
