import Control
import Testing

@testable import qemuvm

@Suite("systemd's units") struct SystemdUnitsTests {
  private static let customary = Locations(
    state: "/var/lib/qemuvm", runtime: "/run/qemuvm", configuration: "/etc/qemuvm")

  private static func text(
    _ name: String, _ locations: Locations = customary, program: String = "/usr/local/bin/qemuvm",
    emulator: String? = nil, isOfUser: Bool = false
  ) -> String {
    SystemdUnits(
      program: program, locations: locations, customary: customary, emulator: emulator,
      userFolder: "/home/a/.config/systemd/user", isOfUser: isOfUser,
      stopTimeout: .seconds(120)
    ).units.first { $0.name == name }?.text ?? ""
  }

  @Test("The supervisor's ends alone, is started again for ever, and outlived by its guests")
  func service() {
    let lines = Self.text(SystemdUnits.service).split(separator: "\n")
    for line in [
      "Type=notify", "ExecStart=/usr/local/bin/qemuvm supervisor run", "KillMode=process", "Restart=always",
      "StartLimitIntervalSec=0", "OOMPolicy=continue", "Delegate=yes", "NoNewPrivileges=yes",
    ] { #expect(lines.contains(Substring(line)), "\(line)") }
    // Each of these takes from QEMU, or from what it needs, what it cannot do without.
    for key in [
      "MemoryDenyWriteExecute", "RestrictNamespaces", "PrivateDevices", "ProtectClock", "PrivateTmp",
      "ProtectHome", "ProtectControlGroups",
    ] { #expect(!lines.contains { $0.hasPrefix(key) }, "\(key)") }
  }

  @Test("The guests' gives them their time and is given longer, and is not stopped with the supervisor")
  func guests() {
    let lines = Self.text(SystemdUnits.guests).split(separator: "\n")
    #expect(
      lines.contains("ExecStopPost=/usr/local/bin/qemuvm supervisor stop --guests --stop-timeout 120s"))
    #expect(lines.contains("TimeoutStopSec=180"))
    #expect(!lines.contains { $0.hasPrefix("Requires=") || $0.hasPrefix("BindsTo=") })
  }

  @Test("A user's has nothing that keeps setuid helpers from their work")
  func user() {
    let text = Self.text(SystemdUnits.service, isOfUser: true)
    for key in ["NoNewPrivileges", "SystemCall", "Restrict", "Protect"] { #expect(!text.contains(key)) }
  }

  @Test("Folders that are not the customary ones stand in every unit, and are read back")
  func folders() {
    let odd = Locations(state: "/a b/100%$x\"\\", runtime: "/run/q", configuration: "/etc/qemuvm")
    for name in [SystemdUnits.service, SystemdUnits.socket, SystemdUnits.guests] {
      #expect(!Self.text(name).contains("Environment="))
      let text = Self.text(name, odd, emulator: "qemu-x")
      #expect(ServiceUnit.stateFolder(ofUnit: text) == odd.state)
      #expect(text.contains("Environment=QEMUVM_RUNTIME_DIR=/run/q\n"))
      #expect(text.contains("Environment=QEMUVM_QEMU=qemu-x\n") && !text.contains("QEMUVM_CONFIG_DIR"))
    }
    #expect(Self.text(SystemdUnits.socket, odd).contains("\nListenStream=/run/q/qemuvm.sock\n"))
    #expect(ServiceUnit.stateFolder(ofUnit: Self.text(SystemdUnits.service)) == nil)
  }

  @Test("A word is quoted as systemd reads it", arguments: ["/bin/q", "/a b", "/100%", "/$x", "/\"q\\"])
  func quoting(word: String) {
    #expect(SystemdUnits.unquoted(SystemdUnits.quoted(word)) == word)
    let text = Self.text(SystemdUnits.service, program: word)
    #expect(text.contains("ExecStart=\(SystemdUnits.quoted(word)) supervisor run\n"))
  }
}
