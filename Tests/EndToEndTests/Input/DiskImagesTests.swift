import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Disk images") struct DiskImages {
    private static let hello = "profile: 'hello'"

    /// Makes an image beside the lab file.
    private static func image(_ fleet: Fleet, _ arguments: String...) async throws {
      let outcome = try await fleet.tool(
        "env", ["--chdir=\(fleet.folder)", "qemu-img", "create", "-q"] + arguments)
      try #require(outcome.code == 0, "\(outcome)")
    }

    private static func raw(_ fleet: Fleet, _ name: String) throws {
      try fleet.write(String(repeating: "\u{0}", count: 65536), to: name)
    }

    @Test(
      "A qcow2 image named .img is refused by validate, --dry-run and up, with the ways out, and stays whole")
    func otherFormat() async throws {
      try await Fleet.run { fleet in
        try await Self.image(fleet, "-f", "qcow2", "server.img", "20G")
        try Self.raw(fleet, "plain.qcow2")
        let before = try FileSystem.read(fleet.folder + "/server.img")
        try fleet.write("{ vms: { s: { \(Self.hello),\ndisks: ['server.img', 'plain.qcow2'] } } }")
        for verb in [["validate"], ["up", "--dry-run"], ["up"]] {
          let refused = try await fleet.qemuvm(verb, expecting: 2).errors
          for word in [
            "qemuvm.json5:2:9", "disks[0].file", "server.img", "format: \"qcow2\"", "format: \"raw\"",
            "disks[1].file",
            "has no qcow2 header",
          ] { #expect(refused.contains(word), "\(verb): \(refused)") }
        }
        let adhoc = ["--profile", "hello", "--name", "t", "--disk"]
        let option = try await fleet.qemuvm(["up"] + adhoc + ["server.img"], expecting: 2).errors
        #expect(option.contains("--disk FILE,format=qcow2"), "\(option)")
        #expect(try fleet.guests().isEmpty)
        #expect(try FileSystem.read(fleet.folder + "/server.img") == before)
        try await fleet.qemuvm(["up"] + adhoc + ["server.img,format=qcow2"])
        #expect(try await fleet.status("t")["machine"]?["disks[0]"]?.string?.contains("qcow2") == true)
      }
    }

    @Test(
      "An image that two VMs would use is refused before either starts, by any name, and the other VM is named"
    )
    func shared() async throws {
      try await Fleet.run { fleet in
        try Self.raw(fleet, "d.raw")
        try Self.raw(fleet, "cd.iso")
        try FileSystem.link(fleet.folder + "/link.raw", to: "d.raw")
        try await Self.image(fleet, "-f", "qcow2", "-b", "d.raw", "-F", "raw", "over.qcow2")
        let (one, two) = (
          "one: { \(Self.hello), disks: ['d.raw', 'cd.iso'] }", "two: { \(Self.hello),\ndisks: ['cd.iso',"
        )
        try fleet.write("{ lab: 'shop', vms: { \(one), \(two) 'link.raw'] } }, }")
        for verb in [["validate"], ["up", "--dry-run"], ["up"]] {
          let refused = try await fleet.qemuvm(verb, expecting: 2).errors
          #expect(
            refused.contains(
              "qemuvm.json5:2:19: vms.two.disks[1].file: '\(fleet.folder)/link.raw' would be written to")
              && refused.contains("disks[0] of one writes to it as '\(fleet.folder)/d.raw'"), "\(refused)")
        }
        #expect(try fleet.guests().isEmpty)
        try await fleet.qemuvm("up", "one")
        // The other is up, and named; nothing is made.
        for arguments in [["up", "two"], ["up", "two", "--dry-run"]] {
          let refused = try await fleet.qemuvm(arguments, expecting: 1).errors
          #expect(refused.contains("disks[0] of the VM shop/one writes to it as"), "\(refused)")
        }
        let base = ["up", "--profile", "hello", "--name", "w", "--disk", "over.qcow2"]
        #expect(
          try await fleet.qemuvm(base, expecting: 1).errors.contains("stands on '\(fleet.folder)/d.raw'"))
        #expect(try await fleet.names() == ["shop/one"])
        // A new supervisor knows the guest's lock, not yet its definition's files.
        try await fleet.qemuvm("supervisor", "stop")
        let held = try await fleet.qemuvm("up", "two", expecting: 1).errors
        #expect(
          held.contains("the VM shop/one has it open") || held.contains("disks[0] of the VM shop/one"),
          "\(held)")
        // A CD is nobody's own.
        try fleet.write("{ lab: 'shop', vms: { \(one), \(two) ] } }, }")
        try await fleet.qemuvm("up")
        #expect(try fleet.guests().count == 2)
        // Nor is an image that both stand on and nobody writes to.
        try await fleet.qemuvm("down", "one")
        try await Self.image(fleet, "-f", "qcow2", "-b", "d.raw", "-F", "raw", "other.qcow2")
        for overlay in ["over", "other"] {
          try await fleet.qemuvm("up", "--profile", "hello", "--name", overlay, "--disk", "\(overlay).qcow2")
        }
        #expect(try await fleet.qemuvm("up", "one", expecting: 1).errors.contains("stands on it"))
        #expect(try fleet.guests().count == 3)
      }
    }

    @Test("A restart that finds the image in other hands says whose, and goes on when it is free")
    func lockedMeanwhile() async throws {
      try await Fleet.run { fleet in
        try Self.raw(fleet, "d.raw")
        try fleet.define("disks: ['d.raw'], restart: { delay: '100ms', maxDelay: '200ms' },")
        try await fleet.qemuvm("up")
        // As QEMU marks an image that it writes to: it and we have the lock side by side, until it starts anew.
        let holder = try FileDescriptor.open(fleet.folder + "/d.raw", O_RDWR)
        for byte in [101, 201] { try Self.lock(holder, byte) }
        await (try fleet.guest()).kill()
        // Whether it waits for the next try or is at it.
        let vm = try await fleet.wait(for: "web") { $0["cause"]?.string?.contains("in use") == true }
        let cause = try #require(vm["cause"]?.string)
        #expect(
          cause.contains("disks[0] \(fleet.folder)/d.raw: the image is in use: process \(getpid())"),
          "\(cause)")
        #expect(!cause.contains("-device") && !cause.contains("web:"))
        _ = consume holder
        try await fleet.wait(for: "web", toBe: "running")
      }
    }

    /// A shared lock of fcntl(2) F_OFD_SETLK on one byte.
    private static func lock(_ file: borrowing FileDescriptor, _ byte: Int) throws {
      var lock = flock()
      lock.l_type = Int16(F_RDLCK)
      lock.l_whence = Int16(SEEK_SET)
      lock.l_start = off_t(byte)
      lock.l_len = 1
      let (number, setLock) = (file.rawValue, Int32(37))
      _ = try retrying("fcntl") { fcntl(number, setLock, &lock) }
    }

    @Test("An image that QEMU alone finds to be in use is told with its user, and QEMU's reason comes first")
    func foundByQEMU() async throws {
      try await Fleet.run { fleet in
        // Its data lie in a file of their own, which only QEMU knows of.
        try await Self.image(fleet, "-f", "vmdk", "-o", "subformat=monolithicFlat", "v.vmdk", "4M")
        let up = ["up", "--profile", "hello", "--name"]
        try await fleet.qemuvm(up + ["flat", "--disk", "v-flat.vmdk,format=raw"])
        let refused = try await fleet.qemuvm(up + ["v", "--disk", "v.vmdk"], expecting: 1).errors
        #expect(
          refused.contains(
            "disks[0] \(fleet.folder)/v.vmdk: \(fleet.folder)/v-flat.vmdk is in use: the VM flat has it open"),
          "\(refused)")
        #expect(!refused.contains("{"))
        let short = try await fleet.qemuvm(up + ["x", "--disk", "v.vmdk,format=qcow2"], expecting: 1).errors
        #expect(short.contains("disks[0] \(fleet.folder)/v.vmdk: Image is not in qcow2 format"), "\(short)")
        try await fleet.qemuvm("down", "v", "x")
      }
    }

    @Test(
      "A block device is a raw disk, by any of its names",
      .enabled(if: canMakeDevices, "needs the right to make a loop device"))
    func blockDevice() async throws {
      try await Fleet.run { fleet in
        try Self.raw(fleet, "d.raw")
        let made = try await fleet.tool("losetup", ["--find", "--show", fleet.folder + "/d.raw"])
        let device = String(made.output.prefix { $0 != "\n" })
        try #require(made.code == 0 && device.hasPrefix("/dev/"), "\(made)")
        do {
          try FileSystem.link(fleet.folder + "/by-id", to: device)
          try fleet.define("disks: ['\(fleet.folder)/by-id'],")
          try await fleet.qemuvm("validate")
          try await fleet.qemuvm("up")
          #expect(try await fleet.status("web")["machine"]?["disks[0]"]?.string?.contains("raw") == true)
          let other = ["up", "--profile", "hello", "--name", "w", "--disk", device]
          #expect(try await fleet.qemuvm(other, expecting: 1).errors.contains("disks[0] of the VM shop/web"))
          try await fleet.qemuvm("down")
        } catch {
          _ = try await fleet.tool("losetup", ["--detach", device])
          throw error
        }
        #expect(try await fleet.tool("losetup", ["--detach", device]).code == 0)
      }
    }

    /// Whether this host gives us loop devices.
    private static let canMakeDevices: Bool = {
      let find = ChildProcess.Launch(program: "/usr/bin/env", arguments: ["losetup", "--find"])
      // Without the program there is no device.
      return getuid() == 0 && (try? ChildProcess(find))?.wait() == .code(0)
    }()
  }
}
