import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Values that could be taken for something else") struct AwkwardValues {
    @Test(
      "A disk's name with commas, quotes, newlines or a leading dash reaches QEMU as itself",
      arguments: [
        "a,b=c,,d.raw", "it's \"quoted\".raw", "two\nlines.raw", "-version", "a:b.raw", "json:{}",
        "$HOME `id`.raw", "ü é.raw",
      ])
    func disk(name: String) async throws {
      try await Fleet.run { fleet in
        try fleet.write(String(repeating: "\u{0}", count: 65536), to: name)
        try fleet.define("disks: [{ file: \(JSONValue(name)), format: 'raw' }],")
        try await fleet.qemuvm("up")
        let answer = try await fleet.qemuvm("qmp", "web", "query-named-block-nodes").output
        let nodes = try #require(try JSONValue(parsing: Array(answer.utf8)).array)
        // QEMU escapes in `file` what its own syntax would read; the plain name stands in `image`.
        #expect(
          nodes.contains { $0["image"]?["filename"]?.string?.hasSuffix("/" + name) == true }, "\(answer)")
      }
    }

    @Test("A kernel command line and SMBIOS texts with commas and quotes reach the guest as themselves")
    func kernelCommandLine() async throws {
      try await Fleet.run { fleet in
        let linux = try await Guests.linux()
        let words = #"console=ttyS0 a=b,c,,d -version "x=two words""#
        try fleet.write(
          """
          { lab: 'shop', vms: { web: { profile: 'linux', accelerator: 'tcg', memory: '256M', disks: [],
            kernel: '\(linux.kernel)', initrd: '\(linux.initrd)', append: \(JSONValue(words)),
            smbios: { manufacturer: 'Example, Inc.,x=y', product: 'A "Box"' } } } }
          """)
        try await fleet.qemuvm("up")
        let said = try await fleet.wait(for: "web", toSay: "GUEST-READY")
        #expect(said.contains("Command line: \(words)") || said.contains("command line: \(words)"))
        #expect(said.contains("DMI: Example, Inc.,x=y A \"Box\""))
        try await fleet.qemuvm("kill", "web")
      }
    }
  }
}
