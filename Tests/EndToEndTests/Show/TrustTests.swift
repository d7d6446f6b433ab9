import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Whose files are believed") struct Trust {
    /// What a definition that is not to be believed would run: it leaves a mark.
    private static func trap(_ fleet: Fleet, _ name: String) throws -> String {
      let path = try fleet.write("#!/bin/sh\necho >\(fleet.root)/ran\n", to: name)
      guard chmod(path, 0o755) == 0 else { throw SystemError("chmod", path) }
      return path
    }

    /// The QEMU that the environment names would be taken in place of the trap.
    private static let withoutQEMU = ["QEMUVM_QEMU": ""]

    private static func expectNotRun(_ fleet: Fleet) {
      #expect(!FileSystem.exists(fleet.root + "/ran"), "the program was run")
    }

    @Test("A lab file that everyone can write is refused, and its program is not run")
    func writableFile() async throws {
      try await Fleet.run(Self.withoutQEMU) { fleet in
        let file = try fleet.write(
          "{ vms: { web: { profile: 'hello', qemu: '\(try Self.trap(fleet, "q"))' } } }")
        guard chmod(file, 0o666) == 0 else { throw SystemError("chmod", file) }
        for words in [["up"], ["up", "--dry-run"], ["create", "web"], ["validate"]] {
          let refused = try await fleet.qemuvm(words, expecting: 1).errors
          #expect(refused.contains("\(file) is not used: every user can write it"), "\(refused)")
        }
        guard chmod(file, 0o644) == 0, chmod(fleet.folder, 0o777) == 0 else {
          throw SystemError("chmod", file)
        }
        #expect(
          try await fleet.qemuvm("up", expecting: 1).errors.contains("every user can write \(fleet.folder)"))
        Self.expectNotRun(fleet)
        // As in /tmp, nobody can replace there what is not his.
        guard chmod(fleet.folder, 0o1777) == 0 else { throw SystemError("chmod", file) }
        try await fleet.qemuvm("validate")
      }
    }

    @Test("A profile that everyone can write is refused by the supervisor too, also when a VM is updated")
    func writableProfile() async throws {
      try await Fleet.run(Self.withoutQEMU) { fleet in
        let file = try fleet.write("{ extends: 'microvm' }", to: "qemu-profiles/mine.json5")
        try fleet.write("{ lab: 'shop', vms: { web: { profile: 'mine' } } }")
        #expect(try await fleet.qemuvm("up", "--dry-run").output.contains("with the profile \(file)"))
        try await fleet.qemuvm("create")
        #expect(try await fleet.qemuvm("status", "web").output.contains(file))
        try fleet.write("{ qemu: '\(try Self.trap(fleet, "q"))' }", to: "qemu-profiles/mine.json5")
        guard chmod(file, 0o666) == 0 else { throw SystemError("chmod", file) }
        for words in [
          ["up"], ["up", "--dry-run"], ["update", "web", "--cpus", "2"], ["validate"],
          ["up", "--profile", "mine", "--dry-run"],
        ] {
          let refused = try await fleet.qemuvm(words, expecting: 1).errors
          #expect(refused.contains("\(file) is not used: every user can write it"), "\(refused)")
        }
        Self.expectNotRun(fleet)
        try FileSystem.makeDirectory(fleet.configuration)
        try FileSystem.replace(
          fleet.configuration + "/trusted-folders", with: Array("\(fleet.folder)\n".utf8), durable: false)
        try await fleet.qemuvm("validate")
        _ = try await fleet.start(["up", "--dry-run"]).end()
        #expect(FileSystem.exists(fleet.root + "/ran"))
        try await fleet.qemuvm("rm", "web")
      }
    }

    @Test(
      "Root believes no file, folder or state of another user, and names the user",
      .enabled(if: geteuid() == 0, "only root can make another user's files: run the tests as root as well"))
    func anotherUsers() async throws {
      try await Fleet.run(Self.withoutQEMU) { fleet in
        let nobody: UInt32 = 65534
        func give(_ path: String) throws {
          guard chown(path, nobody, nobody) == 0 else { throw SystemError("chown", path) }
        }
        let file = try fleet.write(
          "{ qemu: '\(try Self.trap(fleet, "q"))' }", to: "qemu-profiles/hello.json5")
        let lab = try fleet.write("{ lab: 'shop', vms: { web: { profile: 'hello' } } }", to: "other.json5")
        try give(file)
        for words in [
          ["up", "--profile", "hello"], ["up", "--profile", "hello", "--dry-run"],
          ["up", "--file", "other.json5"],
        ] {
          let refused = try await fleet.qemuvm(words, expecting: 1).errors
          #expect(refused.contains("\(file) is not used: it belongs to the user nobody"), "\(refused)")
        }
        try give(lab)
        try give(fleet.folder)
        for words in [["up", "--file", "other.json5", "--dry-run"], ["validate", "other.json5"]] {
          let refused = try await fleet.qemuvm(words, expecting: 1).errors
          #expect(refused.contains("\(lab) is not used: it belongs to the user nobody"), "\(refused)")
        }
        Self.expectNotRun(fleet)
        try await fleet.qemuvm("supervisor", "stop")
        for folder in [fleet.runtime, fleet.state] {
          try give(folder)
          let refused = try await fleet.qemuvm("ls", expecting: 5).errors
          #expect(refused.contains("\(folder) is not used: it belongs to the user nobody"), "\(refused)")
        }
        for folder in [fleet.runtime, fleet.state] where chown(folder, 0, 0) != 0 {
          throw SystemError("chown", folder)
        }
      }
    }

    @Test(
      "Another user believes his own files and root's",
      .enabled(if: geteuid() == 0, "only root can become another user: run the tests as root as well"))
    func asAnotherUser() async throws {
      try await Fleet.run(Self.withoutQEMU) { fleet in
        let lab = try fleet.write("{ lab: 'shop', vms: { web: { profile: 'hello' } } }")
        // The binary and the folder may lie where that user may not look.
        let binary = fleet.root + "/qemuvm"
        let copied = try await fleet.tool("cp", [Fleet.binary, binary])
        #expect(copied.code == 0, "\(copied)")
        guard chmod(fleet.root, 0o755) == 0, chmod(fleet.folder, 0o755) == 0, chmod(lab, 0o644) == 0 else {
          throw SystemError("chmod", fleet.root)
        }
        func validate() async throws -> Program.Outcome {
          try await Program(
            "/usr/bin/setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", binary, "validate"],
            environment: fleet.environment, directory: fleet.folder
          ).end()
        }
        #expect(try await validate().code == 0)
        guard chown(lab, 65533, 65533) == 0 else { throw SystemError("chown", lab) }
        let refused = try await validate()
        #expect(refused.code == 1 && refused.errors.contains("belongs to the user 65533"), "\(refused)")
        guard chown(lab, 65534, 65534) == 0 else { throw SystemError("chown", lab) }
        #expect(try await validate().code == 0)
      }
    }
  }
}
