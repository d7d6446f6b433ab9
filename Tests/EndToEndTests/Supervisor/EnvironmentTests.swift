import Host
import Testing

extension EndToEnd {
  @Suite("The environment of what runs on") struct Environment {
    @Test("A supervisor and a QEMU have nothing of the user's but what they need")
    func secrets() async throws {
      let variables = ["SECRET_TOKEN": "a", "TZ": "Asia/Tokyo", "HTTPS_PROXY": "b"]
      try await Fleet.run(variables) { fleet in
        try await fleet.qemuvm("up", "--profile", "hello")
        for process in [try fleet.guest(), try fleet.supervisor()] {
          let entries = try FileSystem.read("/proc/\(process.pid)/environ").split(separator: 0)
          let names = entries.map { String(decoding: $0.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self) }
          #expect(Set(names).isDisjoint(with: ["SECRET_TOKEN", "HTTPS_PROXY"]), "\(names)")
          #expect(Set(names).isSuperset(of: ["PATH", "HOME", "TZ"]), "\(names)")
        }
        let guest = String(
          decoding: try FileSystem.read("/proc/\(try fleet.guest().pid)/environ"), as: UTF8.self)
        #expect(!guest.contains("QEMUVM_") && guest.contains("LC_ALL=C.UTF-8"))
      }
    }
  }
}
