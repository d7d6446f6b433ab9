import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  /// What a guest makes of them is in the tests of a real Linux guest.
  @Suite("Shared folders", .enabled(if: geteuid() == 0, "the virtiofsd of Debian 12 is for root"))
  struct Shares {
    private static let lab = "shares: [{ path: 'pub', tag: 'data' }, { path: '/usr', tag: 'usr' }],"

    @Test(
      "Each has a helper, whose end is the VM's; a folder that is not there is named before anything starts")
    func helpers() async throws {
      try await Fleet.run { fleet in
        try fleet.define(Self.lab)
        let refusal = try await fleet.qemuvm("up", expecting: 1).errors
        #expect(
          refusal.contains("shares[0].path \(fleet.folder)/pub: No such file or directory"), "\(refusal)")
        #expect(refusal.contains("Make that folder, or name another."), "\(refusal)")
        try fleet.write("no folder", to: "pub")
        let other = try await fleet.qemuvm("up", expecting: 1).errors
        #expect(other.contains("shares[0].path \(fleet.folder)/pub: Not a directory"), "\(other)")
        try FileSystem.remove(fleet.folder + "/pub")
        try FileSystem.makeDirectory(fleet.folder + "/pub")
        #expect(try fleet.processes().allSatisfy { $0.role == .supervisor })

        try await fleet.qemuvm("up")
        let status = try await fleet.status("web")
        let helpers = try #require(status["helpers"]?.array)
        #expect(helpers.map { $0["name"] } == ["share-data", "share-usr"], "\(helpers)")
        let pid = try #require(helpers[0]["pid"]?.int)
        // One has a child of its own: a new supervisor takes the right one back.
        await (try fleet.supervisor()).kill()
        #expect(try await fleet.takenOver("web")["pid"] == status["pid"])
        #expect(try await fleet.status("web")["helpers"]?.array?.first?["pid"]?.int == pid)
        #expect(try await fleet.qemuvm("status", "web").output.contains("data: \(fleet.folder)/pub"))
        kill(Int32(pid), SIGKILL)
        let again = try await fleet.wait(for: "web") {
          $0["state"] == "running" && $0["pid"] != status["pid"]
        }
        let cause = "restarted after a failure: the share 'data' was killed by signal 9 (SIGKILL)"
        #expect(try #require(again["cause"]?.string).hasPrefix(cause), "\(again)")

        // A QEMU that dies is not taken for one that a share has left.
        await (try fleet.guest()).kill()
        let third = try await fleet.wait(for: "web") {
          $0["state"] == "running" && $0["pid"] != again["pid"]
        }
        let words = try #require(third["cause"]?.string)
        #expect(words == "restarted after 2 failures: QEMU was killed by signal 9 (SIGKILL)")
        try await fleet.qemuvm("down")
        #expect(try fleet.processes().allSatisfy { $0.role == .supervisor })
      }
    }
  }
}
