import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Keys of a machine") struct MachineKeys {
    private static let uuid = "123e4567-e89b-42d3-a456-426614174000"

    @Test(
      "Cards, USB, SMBIOS, UUID and a second serial port reach QEMU, and a new supervisor takes all of it back",
      .timeLimit(.minutes(10)))
    func everything() async throws {
      try await Fleet.run { fleet in
        try fleet.define(
          """
          uuid: '\(Self.uuid)', serial: 2, rtc: 'localtime', usb: ['tablet'],
          smbios: { manufacturer: 'Example, Inc.', serial: '0007' },
          networks: ['user', { user: true, mac: '52:54:00:AB:CD:01', model: 'e1000' }],
          """)
        try await fleet.qemuvm("up")
        let monitor = try await fleet.userMonitor(of: "web")
        #expect(try await monitor.execute("query-uuid")["UUID"]?.string == Self.uuid)
        func property(_ device: String, _ name: String) async throws -> JSONValue {
          try await monitor.execute(
            "qom-get", ["path": .string("/machine/peripheral/\(device)"), "property": .string(name)])
        }
        #expect(try await property("net-user-2", "mac").string?.lowercased() == "52:54:00:ab:cd:01")
        #expect(try await property("net-user-2", "type") == "e1000")
        #expect(try await property("tablet", "type") == "usb-tablet")

        // The second serial port: what QEMU's side of it sends, its socket and its log have.
        let ports = try #require(try await fleet.status("web")["serialPorts"]?.array)
        #expect(ports.map { $0["port"]?.int } == [1, 2])
        let socket = try #require(ports[1]["socket"]?.string)
        let listener = try ByteStream(connectingTo: socket)
        // What QEMU sends before the supervisor has come to it, only the log has.
        let isThere = { (chardev: JSONValue) in
          chardev["label"] == "con1" && chardev["filename"]?.string?.hasPrefix("disconnected:") == false
        }
        while try await monitor.execute("query-chardev").array?.contains(where: isThere) != true {}
        let typist = try fleet.start(["console", "web", "--port", "2"])
        for byte in Array("two.".utf8) {
          _ = try await monitor.execute(
            "human-monitor-command", ["command-line": .string("o /b 0x2f8 \(byte)")])
        }
        try await listener.read(until: "two.")
        typist.signal(15)
        _ = try await typist.end()
        let log = try #require(ports[1]["log"]?.string)
        #expect(try fleet.text(of: log).hasSuffix("two."))
        let none = try await fleet.qemuvm("console", "web", "--port", "3", expecting: 1)
        #expect(none.errors.contains("2 serial ports"))

        let pid = try await fleet.status("web")["pid"]
        try await fleet.qemuvm("supervisor", "stop")
        let after = try await fleet.takenOver("web")
        #expect(after["pid"] == pid && after["state"] == "running")
        #expect(after["serialPorts"]?.array?.count == 2 && after["pending"] == [])
        _ = try ByteStream(connectingTo: try #require(after["serialPorts"]?.array?.last?["socket"]?.string))

        // Its UUID is what the running QEMU is known by.
        try fleet.define("serial: 2,")
        let refused = try await fleet.qemuvm("up", expecting: 1)
        #expect(refused.errors.contains("UUID") && refused.errors.contains("qemuvm stop"))
        #expect(try await fleet.status("web")["pid"] == pid)
      }
    }

    @Test("A part of UEFI firmware named as a ROM is told what it is, and what to write instead")
    func firmwarePart() async throws {
      try await Fleet.run { fleet in
        try fleet.write(
          "{ lab: 'shop', vms: { web: { machine: 'q35', firmware: '/usr/share/OVMF/OVMF_CODE_4M.fd' } } }")
        let refused = try await fleet.qemuvm("up", "--dry-run", expecting: 1)
        #expect(refused.errors.contains("code of a UEFI firmware"), "\(refused.errors)")
        #expect(refused.errors.contains("firmware: \"uefi\""), "\(refused.errors)")
        #expect(refused.errors.contains("variables:"), "\(refused.errors)")
      }
    }

    @Test("UEFI is found by the descriptors of QEMU's packages, admin and user, the nearest first")
    func descriptors() async throws {
      try await Fleet.run { fleet in
        // A build in a place that no list of customary ones has, as most distributions have it.
        let code = fleet.root + "/firmware/CODE.qcow2"
        let variables = fleet.root + "/firmware/VARS.fd"
        try FileSystem.makeDirectory(fleet.root + "/firmware")
        let made = try await fleet.tool(
          "qemu-img", ["convert", "-O", "qcow2", "/usr/share/OVMF/OVMF_CODE_4M.fd", code])
        #expect(made.code == 0, "\(made)")
        try FileSystem.replace(
          variables, with: try FileSystem.read("/usr/share/OVMF/OVMF_VARS_4M.fd"), durable: false)
        try fleet.write(
          """
          { "description": "here", "interface-types": ["uefi"], "mapping": { "device": "flash",
            "executable": { "filename": "\(code)", "format": "qcow2" },
            "nvram-template": { "filename": "\(variables)", "format": "raw" } },
            "targets": [{ "architecture": "x86_64", "machines": ["pc-q35-*"] }], "features": [], "tags": [] }
          """, to: fleet.root + "/.config/qemu/firmware/00-here.json")
        try fleet.write(
          "{ lab: 'shop', vms: { web: { machine: 'q35', firmware: 'uefi', accelerator: 'tcg' } } }")
        try await fleet.qemuvm("up")
        let said = try await fleet.qemuvm("qmp", "web", "query-named-block-nodes").output
        let nodes = try JSONValue(parsing: Array(said.utf8))
        let code0 = nodes.array?.first { $0["node-name"] == "uefi-code" }
        #expect(code0?["file"]?.string == code && code0?["drv"] == "qcow2", "\(nodes)")
        try await fleet.qemuvm("kill", "web")

        // The guest keeps its variables; those of another build are not mixed with them.
        try fleet.write(
          """
          { lab: 'shop', vms: { web: { machine: 'q35', accelerator: 'tcg', firmware: {
            code: '/usr/share/OVMF/OVMF_CODE.fd', variables: '/usr/share/OVMF/OVMF_VARS.fd' } } } }
          """)
        let refused = try await fleet.qemuvm("up", expecting: 1)
        #expect(refused.errors.contains("another build"), "\(refused.errors)")
        try await fleet.qemuvm("down", "--disks")
        try await fleet.qemuvm("up")
        try await fleet.qemuvm("kill", "web")
      }
    }

    @Test("With Secure Boot nothing starts that is not signed, and the keys are the VM's own")
    func secureBoot() async throws {
      try await Fleet.run { fleet in
        try fleet.write(
          """
          { lab: 'shop', vms: { web: {
            firmware: { uefi: true, secureBoot: true }, accelerator: 'tcg', memory: '256M', networks: 'none',
          } } }
          """)
        try await fleet.qemuvm("up")
        // The shell within the firmware is not signed either.
        try await fleet.wait(for: "web", toSay: "Security Violation")
        try await fleet.qemuvm("kill", "web")
        let variables = fleet.state + "/disks/web@shop/uefi-vars.fd.secure"
        #expect(FileSystem.exists(variables))
        try await fleet.qemuvm("down", "--disks")
        #expect(!FileSystem.exists(variables))
      }
    }
  }
}
