import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Lab files with variables, of several files, and with copies") struct LabFileForms {
    @Test("A VM keeps the values that its file had, whatever a later supervisor has in its environment")
    func durable() async throws {
      try await Fleet.run(["CPUS": "2"]) { fleet in
        try fleet.write("MEMORY=24M # here\nCPUS=7\n", to: ".env")
        try fleet.write(
          """
          { lab: 'shop', include: ['common/base.json5'],
            vms: { web: { cpus: '${CPUS}', memory: '${MEMORY}' } } }
          """)
        let base = try fleet.write(
          "{ vms: { web: { profile: '${PROFILE:-hello}', cpus: 1, kernel: 'none' } } }",
          to: "common/base.json5")
        try fleet.write("{ vms: { web: { count: 2 } } }", to: "copies.json5")
        // The included file's path starts at its own folder.
        let refused = try await fleet.qemuvm("up", expecting: 1).errors
        #expect(refused.contains("\(fleet.folder)/common/none"), "\(refused)")
        try fleet.write(
          "{ vms: { web: { profile: '${PROFILE:-hello}', cpus: 1 } } }", to: "common/base.json5")
        try FileSystem.makeDirectory(fleet.folder + "/below/deep")
        let both = ["--file", "../../qemuvm.json5", "--file", "../../copies.json5"]
        try await fleet.qemuvm(["up"] + both, in: fleet.folder + "/below/deep")
        #expect(try await fleet.names() == ["shop/web-1", "shop/web-2"])
        // What is there is found from below, by the name that the file gives all copies.
        try await fleet.qemuvm(["stop", "web"] + both, in: fleet.folder + "/below/deep")
        try FileSystem.remove(fleet.folder + "/.env")
        try await fleet.qemuvm("supervisor", "stop")
        try await fleet.qemuvm("start", "shop/web-2")
        let vm = try await fleet.status("shop/web-2")
        #expect(vm["memoryBytes"] == .integer(24 << 20) && vm["cpus"] == 2, "\(vm)")
        let unset = try await fleet.qemuvm(
          "validate", expecting: 2, in: fleet.folder + "/below/deep"
        ).errors
        #expect(unset.contains("../../qemuvm.json5:2:42: vms.web.memory: the variable 'MEMORY'"), "\(unset)")
        #expect(unset.contains("nor in ../../.env"), "\(unset)")
        guard chmod(base, 0o666) == 0 else { throw SystemError("chmod", base) }
        let untrusted = try await fleet.qemuvm("validate", expecting: 1).errors
        #expect(untrusted.contains("\(base) is not used: every user can write it"), "\(untrusted)")
        // Names are found all the same: what is wrong with a definition hinders no stop.
        try await fleet.qemuvm(["down"] + both, in: fleet.folder + "/below/deep")
      }
    }
  }
}
