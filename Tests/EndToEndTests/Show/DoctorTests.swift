import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("What the doctor says of a host") struct Doctors {
    @Test("It tells what is there, makes nothing, and starts no supervisor")
    func facts() async throws {
      try await Fleet.run { fleet in
        let outcome = try await fleet.start(["doctor", "--json"]).end()
        let findings = try #require(try JSONValue(parsing: Array(outcome.output.utf8)).array)
        let verdicts = findings.compactMap { $0["verdict"]?.string }
        #expect(verdicts.count == findings.count)
        #expect(outcome.code == (verdicts.contains("failure") ? 1 : 0))
        for check in ["QEMU", "qemu-img", "memory", "state folder", "supervisor", "clock"] {
          let finding = findings.first { $0["check"]?.string == check }
          #expect(finding?["text"]?.string?.isEmpty == false, "\(check)")
        }
        for finding in findings where finding["verdict"]?.string != "ok" {
          #expect(finding["advice"]?.array?.isEmpty == false, "\(finding)")
        }
        #expect(!FileSystem.exists(fleet.state))
        try await fleet.qemuvm("supervisor", "status", expecting: 5)
      }
    }

    @Test("It names the package of what is missing, the folder that others can look into, and the supervisor")
    func faults() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("create", "web")
        chmod(fleet.state, 0o755)
        try FileSystem.makeDirectory(fleet.root + "/bin")
        let names = ["PATH", "QEMUVM_QEMU"]
        let others = fleet.environment.filter { !names.contains(String($0.prefix { $0 != "=" })) }
        let outcome = try await Program(
          Fleet.binary, ["doctor"], environment: others + ["PATH=\(fleet.root)/bin"], directory: fleet.folder
        ).end()
        #expect(outcome.code == 1)
        for words in [
          "failure  QEMU ", "apt-get install qemu-system-x86", "warning  qemu-img ",
          "apt-get install qemu-utils",
          "chmod 700 \(fleet.state)", "with 1 VM",
        ] {
          #expect(outcome.output.contains(words), "\(words) in \(outcome.output)")
        }
      }
    }
  }
}
