import JSON
import Testing

extension EndToEnd {
  /// Issue: each gives a clear error, exit code 1, 2 or 3, and changes nothing.
  @Suite("Bad definitions") struct BadDefinitions {
    /// A definition that is wrong, and what the error must say.
    struct Case: Sendable, CustomTestStringConvertible {
      let testDescription: String
      let keys: String
      let codes: Set<Int32>
      let said: [String]

      init(_ name: String, _ keys: String, _ codes: Set<Int32> = [2], says said: String...) {
        (testDescription, self.keys, self.codes, self.said) = (name, keys, codes, said)
      }
    }

    static let cases = [
      Case("unknown key", "memroy: '5M'", says: "qemuvm.json5:2:", "memroy", "memory"),
      Case("wrong type of a number", "cpus: 'two'", says: "qemuvm.json5:2:", "cpus"),
      Case("wrong type of a size", "memory: []", says: "qemuvm.json5:2:", "memory"),
      Case("wrong type of a list", "disks: 'a.raw'", says: "qemuvm.json5:2:", "disks"),
      Case("no cpus", "cpus: 0", says: "qemuvm.json5:2:", "cpus"),
      Case("negative cpus", "cpus: -1", says: "qemuvm.json5:2:", "cpus"),
      Case("half a cpu", "cpus: 1.5", says: "qemuvm.json5:2:", "cpus"),
      Case("negative size", "memory: '-5M'", says: "qemuvm.json5:2:", "memory"),
      Case("no size", "memory: '0'", says: "qemuvm.json5:2:", "memory"),
      Case("absurdly many cpus", "cpus: 100000", says: "qemuvm.json5:2:", "cpus"),
      Case("absurd size", "memory: '900000000G'", says: "qemuvm.json5:2:", "memory"),
      Case("a size beyond 64 bits", "memory: '99999999999999999999'", says: "qemuvm.json5:2:", "memory"),
      Case("more cpus than the machine takes", "cpus: 300", [1, 2], says: "web", "300", "255"),
      Case("missing disk image", "disks: [{ file: 'absent.raw' }]", [1, 2], says: "web", "absent.raw"),
      Case("unknown profile", "profile: 'helo'", [1, 2], says: "helo", "hello"),
      Case("unknown accelerator", "accelerator: 'kwm'", says: "qemuvm.json5:2:", "kwm", "kvm"),
      Case("unknown restart policy", "restart: 'allways'", says: "qemuvm.json5:2:", "always"),
      Case(
        "a port out of range", "networks: ['user'], ports: ['70000:80']", says: "qemuvm.json5:2:", "70000"),
      Case("a binary that is missing", "qemu: '/nowhere/qemu'", [1, 2], says: "web", "/nowhere/qemu"),
      Case("an argument of the supervisor's own", "arguments: ['-S']", says: "qemuvm.json5:2:", "-S"),
      Case("a duplicate key", "cpus: 1, cpus: 2", says: "qemuvm.json5:2:", "cpus"),
      Case("a network that comes later", "networks: ['backend']", [1, 2], says: "backend"),
    ]

    @Test("Refused with its place and the way out, and nothing changes", arguments: cases)
    func refused(bad: Case) async throws {
      try await Fleet.run { fleet in
        let profile = bad.keys.hasPrefix("profile:") ? "" : "profile: 'hello',"
        try fleet.write("{ lab: 'shop', vms: { web: { \(profile)\n\(bad.keys) } } }")
        let outcome = try await fleet.start(["up"]).end()
        #expect(outcome.code.map(bad.codes.contains) == true, "\(outcome)")
        for word in bad.said { #expect(outcome.errors.contains(word), "\(outcome.errors)") }
        #expect(outcome.output.isEmpty)
        #expect(try fleet.guests().isEmpty)
        let vms = try #require(try await fleet.json("ls").array)
        #expect(vms.allSatisfy { $0["pid"] == .null && $0["desired"] == "stopped" })
      }
    }

    @Test("A bad edit of a running VM's file leaves the VM as it was")
    func badEdit() async throws {
      try await Fleet.run { fleet in
        try fleet.define("cpus: 1,")
        try await fleet.qemuvm("up")
        let before = try await fleet.status("web")
        try fleet.define("cpus: 0,")
        try await fleet.qemuvm("up", expecting: 2)
        let after = try await fleet.status("web")
        for key in ["pid", "state", "cpus", "pending"] { #expect(before[key] == after[key], "\(key)") }
      }
    }

    @Test(
      "Names that are no names are refused",
      arguments: [
        "a/b/c", "..", ".", "a b", "", "-v", "a\nb", String(repeating: "x", count: 200),
      ])
    func names(name: String) async throws {
      try await Fleet.run { fleet in
        try fleet.write("{ lab: 'shop', vms: { \(JSONValue(name)): { profile: 'hello' } } }")
        let inFile = try await fleet.qemuvm("up", expecting: 2)
        #expect(inFile.errors.contains("qemuvm.json5:1:"))
        let given = try await fleet.start(["up", "--profile", "hello", "--name=\(name)"]).end()
        #expect(given.code == 2, "\(given)")
        #expect(try await fleet.json("ls") == [])
      }
    }

    @Test("An extends cycle is refused and shown")
    func extendsCycle() async throws {
      try await Fleet.run { fleet in
        try fleet.write("{ description: 'a', extends: 'there' }", to: "qemu-profiles/here.json5")
        try fleet.write("{ description: 'b', extends: 'here' }", to: "qemu-profiles/there.json5")
        try fleet.write("{ lab: 'shop', vms: { web: { profile: 'here' } } }")
        let outcome = try await fleet.start(["up"]).end()
        #expect(outcome.code == 1 || outcome.code == 2, "\(outcome)")
        #expect(outcome.errors.contains("here") && outcome.errors.contains("there"))
        #expect(try await fleet.json("ls") == [])
      }
    }

    @Test("A file that is no JSON5 is refused with line and column")
    func syntax() async throws {
      try await Fleet.run { fleet in
        try fleet.write("{\n  vms: {\n    web: { profile: 'hello' }\n    db: {}\n  }\n}")
        #expect(try await fleet.qemuvm("up", expecting: 2).errors.contains("qemuvm.json5:4:5"))
        try fleet.write(String(repeating: "[", count: 100_000))
        try await fleet.qemuvm("up", expecting: 2)
        #expect(try await fleet.json("ls") == [])
      }
    }
  }
}
