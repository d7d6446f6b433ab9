import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Guests that lose KVM") struct LostKVM {
    @Test(
      "One that had KVM the last time and runs without it now says so, until it has it again",
      .enabled(if: access("/dev/kvm", R_OK | W_OK) == 0 && geteuid() == 0))
    func late() async throws {
      try await Fleet.run { fleet in
        try await fleet.qemuvm("up", "--profile", "hello")
        let hasKVM = try await fleet.status("hello")["accelerator"] == "kvm"
        try await fleet.qemuvm("stop", "hello")
        try await fleet.qemuvm("supervisor", "stop")
        // A supervisor that finds another device in KVM's place, as before its module is loaded.
        let hidden = "mount --bind /dev/null /dev/kvm && exec \"$0\" supervisor run"
        let supervisor = try Program(
          "/usr/bin/unshare", ["--mount", "sh", "-c", hidden, Fleet.binary], environment: fleet.environment,
          directory: fleet.folder)
        // Nothing to be seen where /dev/kvm opens and does not work, or this host takes no mount.
        guard hasKVM, try await Self.listens(supervisor) else {
          supervisor.signal(SIGKILL)
          _ = try await supervisor.end()
          try await fleet.qemuvm("down", "hello")
          return
        }
        try await fleet.qemuvm("start", "hello")
        let words = "without KVM, which it had the last time"
        let slow = try await fleet.status("hello")
        #expect(slow["accelerator"] == "tcg" && slow["cause"]?.string?.contains(words) == true, "\(slow)")
        #expect(try await fleet.qemuvm("why", "hello").output.contains("the last time it ran with KVM: "))
        try await fleet.qemuvm("supervisor", "stop")
        #expect(try await supervisor.end().code == 0)
        let taken = try await fleet.takenOver("hello")
        #expect(taken["cause"]?.string?.contains(words) == true, "\(taken)")
        try await fleet.qemuvm("restart", "hello")
        let fast = try await fleet.status("hello")
        #expect(fast["accelerator"] == "kvm" && fast["cause"]?.string?.contains(words) == false, "\(fast)")
        try await fleet.qemuvm("down", "hello")
      }
    }

    /// False where it has ended before it listened.
    private static func listens(_ supervisor: Program) async throws -> Bool {
      do {
        _ = try await supervisor.errors.read(until: "listens at")
        return true
      } catch let error as ByteStream.Unheard where error.ended {
        return false
      }
    }
  }
}
