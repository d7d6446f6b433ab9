import Host
import Testing

extension EndToEnd {
  /// QEMU's own client of QMP, from PyPI's `qemu.qmp`: whoever speaks QMP can drive the fleet.
  @Suite("qmp-shell") struct QMPShell {
    /// `.ci/run` installs it here.
    private static let program =
      Fleet.variable("QEMUVM_QMP_SHELL")
      ?? FileSystem.absolute("../../../.build/qmp-venv/bin/qmp-shell", in: FileSystem.parent(of: #filePath))

    @Test(
      "QEMU's own qmp-shell drives the control socket",
      .enabled(if: FileSystem.exists(program), "needs PyPI's qemu.qmp in .build/qmp-venv"))
    func drives() async throws {
      try await Fleet.run { fleet in
        try await fleet.qemuvm("up", "--profile", "hello")
        let printed = try await Self.run(
          """
          query-vms
          vm-execute name=hello command={"execute":"query-status"}
          stop name=nobody
          stop name=hello

          """, in: fleet)
        #expect(printed.contains("Connected to QEMU 0.1.0"))
        #expect(printed.contains(#""name": "hello""#))
        #expect(printed.contains(#""status": "running""#))
        #expect(printed.contains("DeviceNotFound"))
        try await fleet.wait(for: "hello", toBe: "stopped")
      }
    }

    private static func run(_ commands: String, in fleet: Fleet) async throws -> String {
      let shell = try Program(program, [fleet.controlSocket], environment: fleet.environment)
      try await shell.input.write(commands)
      let outcome = try await shell.end()
      guard outcome.code == 0 else { throw Program.UnexpectedEnd(outcome: outcome, expected: .code(0)) }
      return outcome.output
    }
  }
}
