import Machine
import Testing

@Suite("Firmware")
struct FirmwareTests {
  /// A descriptor as distributions write them.
  private static func descriptor(
    _ name: String, machines: String = #""pc-i440fx-*", "pc-q35-*""#, features: String = #""acpi-s3""#,
    mapping: String? = nil, architecture: String = "x86_64"
  ) -> FirmwareDescriptor? {
    let mapping =
      mapping
        ?? """
        "device": "flash", "executable": { "filename": "/fw/\(name).fd", "format": "raw" },
        "nvram-template": { "filename": "/fw/\(name)-vars.fd", "format": "raw" }
        """
    let text = """
      { "description": "x", "interface-types": ["uefi"], "mapping": { \(mapping) },
        "targets": [{ "architecture": "\(architecture)", "machines": [\(machines)] }],
        "features": [\(features)], "tags": [] }
      """
    return FirmwareDescriptor(parsing: Array(text.utf8), file: "/d/\(name).json")
  }

  private static func host(_ descriptors: [FirmwareDescriptor?]) -> HostFacts {
    var host = Example.host
    host.firmware = HostFirmware(descriptors: descriptors.compactMap { $0 }, folders: ["/d"])
    return host
  }

  private static func code(_ keys: String, _ descriptors: FirmwareDescriptor?...) throws -> String? {
    let machine = try Example.machine("firmware: \"uefi\", \(keys)", host: host(descriptors))
    guard case .uefi(let files, _, _) = machine.firmware else { return nil }
    return files.code
  }

  @Test("The first descriptor for the machine type is taken, and none that Secure Boot or SMM belongs to")
  func choice() throws {
    let q35Only = Self.descriptor("q35", machines: #""pc-q35-*""#)
    let secure = Self.descriptor("secure", features: #""secure-boot", "requires-smm""#)
    let enrolled = Self.descriptor("enrolled", features: #""enrolled-keys""#)
    let arm = Self.descriptor("arm", architecture: "aarch64")
    let plain = Self.descriptor("plain")
    #expect(try Self.code("machine: \"q35\"", secure, enrolled, arm, q35Only, plain) == "/fw/q35.fd")
    #expect(try Self.code("machine: \"pc\"", secure, enrolled, arm, q35Only, plain) == "/fw/plain.fd")
    #expect(throws: DefinitionError.self) { try Self.code("machine: \"q35\"", secure, enrolled, arm) }
  }

  @Test("Secure Boot takes firmware that has its keys and keeps them by SMM, and variables of its own")
  func secureBoot() throws {
    let secure = "firmware: { uefi: true, secureBoot: true }"
    let plain = Self.descriptor("plain")
    let keyless = Self.descriptor("keyless", features: #""secure-boot", "requires-smm""#)
    let enrolled = Self.descriptor("enrolled", features: #""secure-boot", "requires-smm", "enrolled-keys""#)
    let machine = try Example.machine(secure, host: Self.host([plain, keyless, enrolled]))
    let own = "/state/web/uefi-vars.fd.secure"
    #expect(machine.filesToPrepare == [.copyUnlessPresent(from: "/fw/enrolled-vars.fd", to: own)])
    #expect(machine.arguments.contains { $0.contains("pflash1=uefi-vars,smm=on") })
    for (keys, host, words) in [
      (
        secure, Self.host([plain, keyless]),
        "no UEFI firmware for 'q35' with Secure Boot and its keys was found"
      ),
      (
        "machine: \"pc\", " + secure, Self.host([enrolled]),
        "works with the machine type 'q35' only, not with 'pc'"
      ),
      (
        "machine: { smm: \"off\" }, " + secure, Self.host([enrolled]), "smm, which 'machine' has switched off"
      ),
    ] {
      #expect {
        try Example.machine(keys, host: host)
      } throws: { "\($0)".contains("firmware.secureBoot: ") && "\($0)".contains(words) }
    }
  }

  @Test("Only code with its variables in flash counts, raw or qcow2")
  func mapping() throws {
    let memory = Self.descriptor(
      "memory", mapping: #""device": "memory", "filename": "/fw/x.fd""#)
    let combined = Self.descriptor(
      "combined",
      mapping:
        #""device": "flash", "mode": "combined", "executable": { "filename": "/fw/c.fd", "format": "raw" }"#)
    let other = Self.descriptor(
      "other",
      mapping: """
        "device": "flash", "executable": { "filename": "/fw/c.vmdk", "format": "vmdk" },
        "nvram-template": { "filename": "/fw/v.fd", "format": "raw" }
        """)
    let split = Self.descriptor(
      "split",
      mapping: """
        "device": "flash", "mode": "split", "executable": { "filename": "/fw/c.qcow2", "format": "qcow2" },
        "nvram-template": { "filename": "/fw/v.qcow2", "format": "qcow2" }
        """)
    #expect(try Self.code("machine: \"q35\"", memory, combined, other, split) == "/fw/c.qcow2")
    let machine = try Example.machine("firmware: \"uefi\"", host: Self.host([split]))
    #expect(
      machine.filesToPrepare
        == [.copyUnlessPresent(from: "/fw/v.qcow2", to: "/state/web/uefi-vars.fd.qcow2")])
    #expect(
      machine.arguments.contains(
        #"{"driver":"qcow2","node-name":"uefi-vars","file":{"driver":"file","node-name":"uefi-vars-file","filename":"/state/web/uefi-vars.fd.qcow2"}}"#
      ))
  }

  @Test("A VM keeps the variables that it has, whatever format a new build has")
  func keptVariables() throws {
    var host = Self.host([
      Self.descriptor(
        "new",
        mapping: """
          "device": "flash", "executable": { "filename": "/fw/c.qcow2", "format": "qcow2" },
          "nvram-template": { "filename": "/fw/v.qcow2", "format": "qcow2" }
          """)
    ])
    host.keptVariables = .raw
    let machine = try Example.machine("firmware: \"uefi\"", host: host)
    #expect(
      machine.arguments.contains(
        #"{"driver":"file","node-name":"uefi-vars","filename":"/state/web/uefi-vars.fd"}"#))
  }

  @Test("Garbage is no descriptor", arguments: ["", "[]", "{", "{\"targets\": 5, \"mapping\": []}"])
  func garbage(text: String) throws {
    let read = FirmwareDescriptor(parsing: Array(text.utf8), file: "/d/x.json")
    #expect(read?.isPlainUEFI(architecture: "x86_64", machine: "pc-q35-7.2") ?? false == false)
  }

  @Test("Files that are written are those of the VM, seen from the definition's folder")
  func written() throws {
    let machine = try Example.machine("firmware: { code: \"c.fd\", variables: \"/x/v.qcow2\" }")
    let files = UEFIFirmware(code: "/lab/c.fd", variables: "/x/v.qcow2", variablesFormat: .qcow2)
    #expect(machine.firmware == .uefi(files, variables: .qcow2, isWritten: true))
    #expect(machine.requiredFiles.map(\.key) == ["firmware.code", "firmware.variables"])
    #expect(
      try Example.machine("firmware: { uefi: true }").firmware
        == Example.machine("firmware: \"uefi\"").firmware)
  }

  @Test("A part of UEFI firmware is told from a ROM by its first bytes")
  func parts() {
    func volume(_ content: [UInt8]) -> [UInt8] {
      [UInt8](repeating: 0, count: 16) + content + [UInt8](repeating: 0, count: 8) + Array("_FVH".utf8)
    }
    let variables: [UInt8] = [
      0x8D, 0x2B, 0xF1, 0xFF, 0x96, 0x76, 0x8B, 0x4C, 0xA9, 0x85, 0x27, 0x47, 0x07, 0x5B, 0x4F, 0x50,
    ]
    let code = [UInt8](repeating: 7, count: 16)
    #expect(FirmwareImage(head: volume(code), size: 3_653_632) == .uefiCode)
    #expect(FirmwareImage(head: volume(variables), size: 540_672) == .uefiVariables)
    #expect(FirmwareImage(head: volume(variables), size: 2_097_152) == nil)
    #expect(FirmwareImage(head: [0x51, 0x46, 0x49, 0xFB, 0, 0, 0, 3], size: 200_000) == .qcow2)
    for head in [[], [0xEA], [UInt8](repeating: 0xFF, count: 64)] as [[UInt8]] {
      #expect(FirmwareImage(head: head, size: 65_536) == nil)
    }
  }
}
