import Host
import Machine
import Testing

@testable import Supervisor

@Suite("The QEMU of a VM") struct QEMUIdentityTests {
  private let uuid = UUID(high: 0x1234_5678_9abc_4def, low: 0x8000_0000_0000_0001)
  private var identity: QEMUIdentity { QEMUIdentity(guest: "web", uuids: [uuid]) }

  private func line(_ uuid: UUID, name: String = "guest=web,debug-threads=on") -> [String] {
    ["-name", name, "-uuid", "\(uuid)", "-S"]
  }

  @Test("is known by the name and the UUID on its command line")
  func own() {
    #expect(identity.match(["/usr/bin/qemu-system-x86_64"] + line(uuid)) == .own)
    #expect(identity.match(["qemu"] + line(uuid, name: "guest=web")) == .own)
    #expect(QEMUIdentity(guest: "web", uuids: []).match(["qemu"] + line(uuid)) == .own)
  }

  @Test("is not the program that was given its command line to start it with")
  func wrapped() {
    #expect(identity.match(["/bin/sh", "/home/me/qemu"] + line(uuid)) == .wrapped)
  }

  @Test("is nothing with another name, another UUID, or neither")
  func others() {
    let other = UUID(high: 1, low: 2)
    #expect(identity.match(["qemu"] + line(other)) == nil)
    for name in ["guest=web2", "guest=we", "web", "guest=", "process=web"] {
      #expect(identity.match(["qemu"] + line(uuid, name: name)) == nil)
    }
    let strangers: [[String]] = [
      [], ["flock", "/var/lib/qemuvm/vms/web/lock", "tar"], ["qemu", "-name", "guest=web"],
      ["qemu", "-uuid", "\(uuid)"], ["qemu", "-name", "guest=web", "-uuid"], ["qemu", "-name"],
    ]
    for words in strangers { #expect(identity.match(words) == nil) }
  }
}
