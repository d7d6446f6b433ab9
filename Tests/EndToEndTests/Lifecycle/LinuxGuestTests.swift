import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("A real Linux guest") struct LinuxGuest {
    @Test("It boots under TCG, says that it is ready, has a shell on the console and takes the power button")
    func wholeLife() async throws {
      let linux = try await Guests.linux()
      try await Fleet.run { fleet in
        try fleet.write("from the host\n", to: "pub/host")
        try fleet.write(
          """
          { lab: "shop", vms: { web: { tpm: true, shares: [{ path: "pub", tag: "data" }],
            profile: "linux", accelerator: "tcg", cpus: 2, memoryPerCPU: "128M",
            kernel: "\(linux.kernel)", initrd: "\(linux.initrd)", append: "console=ttyS0 quiet guest.name=web",
          } } }
          """)
        try await fleet.qemuvm("up")
        try await fleet.wait(for: "web", toSay: "GUEST-READY")
        #expect(try await fleet.status("web")["memoryBytes"] == .integer(256 << 20))
        let shell = try await fleet.console(of: "web")
        try await shell.write("echo on $(hostname) with $(nproc) cpus, $((40 + 2))\n")
        try await shell.read(until: "on web with 2 cpus, 42")
        // What is the host's is read and written, and the TPM is one that its driver knows.
        try await shell.write(
          "mount -t virtiofs data /mnt && cat /mnt/host && echo from the guest >/mnt/guest\n")
        try await shell.read(until: "from the host")
        try await shell.write("umount /mnt && echo a TPM $(cat /sys/class/tpm/tpm0/tpm_version_major).0\n")
        try await shell.read(until: "a TPM 2.0")
        #expect(try fleet.text(of: fleet.folder + "/pub/guest") == "from the guest\n")
        let monitor = try await fleet.userMonitor(of: "web")
        let down = try await fleet.qemuvm("down")
        #expect(down.errors.isEmpty || !down.errors.contains("force"))
        #expect(try await monitor.event { $0["event"] == "SHUTDOWN" }["data"]?["reason"] == "guest-shutdown")
        #expect(try await fleet.json("ls") == [])
      }
    }

    @Test(
      "A guest whose disk finds no space is paused, says so, and goes on by itself when there is space again")
    func noSpace() async throws {
      let linux = try await Guests.linux()
      try await Fleet.run { fleet in
        let small = fleet.root + "/small"
        try FileSystem.makeDirectory(small)
        try #require(
          mount("small", small, "tmpfs", 0, "size=8m") == 0, "mounting a tmpfs: \(SystemError("mount"))")
        defer { umount2(small, Int32(MNT_DETACH)) }
        // 64 MiB of which the file system holds 8.
        let image = try FileDescriptor.open(small + "/disk.raw", O_RDWR | O_CREAT)
        try #require(ftruncate(image.rawValue, 64 << 20) == 0)
        // What is in the way, and goes away later.
        try FileSystem.replace(
          small + "/ballast", with: [UInt8](repeating: 1, count: 5 << 20), durable: false)
        try fleet.write(
          """
          { lab: "shop", vms: { web: {
            profile: "linux", accelerator: "tcg", memory: "256M", disks: [{ file: "\(small)/disk.raw" }],
            kernel: "\(linux.kernel)", initrd: "\(linux.initrd)", append: "console=ttyS0 quiet",
          } } }
          """)
        try await fleet.qemuvm("up")
        try await fleet.wait(for: "web", toSay: "GUEST-READY")
        let shell = try await fleet.console(of: "web")
        try await shell.write(
          "dd if=/dev/urandom of=/dev/vda bs=1M count=6 conv=fsync && echo written $((6 * 7))\n")
        let vm = try await fleet.wait(for: "shop/web", toBe: "paused")
        #expect(try #require(vm["cause"]?.string).contains("no space"))
        try FileSystem.remove(small + "/ballast")
        try await fleet.wait(for: "shop/web", toBe: "running")
        try await shell.read(until: "written 42")
        try await fleet.qemuvm("down")
      }
    }
  }
}
