import JSON
import Machine
import Testing

@testable import Supervisor

/// QEMU's last words as a person reads them.
@Suite struct QEMUMessageTests {
  private static let time = "2026-11-28T00:38:06.479113Z qemu-system-x86_64: "
  private static let devices = [
    DeviceDescription(
      id: DeviceID("disk-a"), key: "disks[0]", label: "disk 'a'", file: "/a.img", properties: [:]),
    DeviceDescription(
      id: DeviceID("disk-b"), key: "disks[1]", label: "disk 'b'", file: "/b {\"}.img", properties: [:]),
    DeviceDescription(
      id: DeviceID("net-user"), key: "networks[0]", label: "network card 'user'", file: nil, properties: [:]),
  ]
  private static let node =
    #"{"driver":"qcow2","node-name":"disk-b","file":{"driver":"file","filename":"/b {\"}.img"}}"#

  @Test(
    "the reason comes first, with the disk's key and file in the place of QEMU's option",
    arguments: [
      (
        "\(time)-blockdev \(node): Image is not in qcow2 format\n",
        "disks[1] /b {\"}.img: Image is not in qcow2 format"
      ),
      (
        "\(time)-blockdev \(node): Could not open '/b {\"}.img': Permission denied\n",
        "disks[1] /b {\"}.img: Permission denied"
      ),
      (
        "\(time)warning: old\n\(time)-device {\"driver\":\"virtio-blk-pci\",\"id\":\"disk-a\",\"drive\":\"disk-a\"}: no\n",
        "disks[0] /a.img: no"
      ),
      (
        "\(time)-blockdev {\"driver\":\"file\",\"node-name\":\"uefi-vars\"}: Could not open '/v': No such file\n",
        "firmware: Could not open '/v': No such file"
      ),
      (
        "\(time)-netdev {\"type\":\"user\",\"id\":\"net-user\"}: Could not set up host forwarding rule 'tcp::22-:22'\n",
        "networks[0]: Could not set up host forwarding rule 'tcp::22-:22'"
      ),
      (
        "\(time)-device {\"driver\":\"virtio-blk-pci\",\"id\":\"x\",\"drive\":\"x\"}: no\n",
        "-device virtio-blk-pci: no"
      ),
      (
        "\(time)unsupported machine type\nUse -machine help to list supported machines\n",
        "unsupported machine type"
      ),
      ("\(time)warning: host does not support it\nits last\n", "its last"),
      ("qemu-system-x86_64: x.c:12: f: Assertion `ok' failed.\n", "x.c:12: f: Assertion `ok' failed."),
      ("\(time)-blockdev {\"driver\" is no JSON}: odd\n", "-blockdev {\"driver\" is no JSON}: odd"),
      ("\(time)-device {\"driver\":\"x\": never closed\n", "-device {\"driver\":\"x\": never closed"),
      ("\(time)warning: host does not support it\n", ""),
      ("", ""),
    ])
  func reasons(log: String, words: String) {
    #expect(QEMUMessage(log: log).text(devices: Self.devices) == words)
  }

  @Test("a refused lock names the image that is locked")
  func locks() {
    let lock = #"-device {"driver":"virtio-blk-pci","drive":"disk-a"}: Failed to get "write" lock"#
    let message = QEMUMessage(
      log: "\(Self.time)\(lock)\nIs another process using the image [/x [1].img]?\n")
    #expect(message.lockedImage == "/x [1].img")
    #expect(message.text(devices: Self.devices) == #"disks[0] /a.img: Failed to get "write" lock"#)
    #expect(message.text(devices: Self.devices, because: "it is in use") == "disks[0] /a.img: it is in use")
    #expect(QEMUMessage(log: "\(Self.time)-device x: no\n").lockedImage == nil)
  }
}
