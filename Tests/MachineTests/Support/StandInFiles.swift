import Host
import Machine

/// Files that stand in for those a machine names: QEMU opens each, and no guest runs from them.
enum StandInFiles {
  static func make(for machine: Machine) throws {
    for file in machine.requiredFiles where file.kind != .image && !FileSystem.exists(file.path) {
      try FileSystem.makeDirectory(FileSystem.parent(of: file.path))
      if file.kind == .folder {
        try FileSystem.makeDirectory(file.path)
        continue
      }
      switch file.key {
      case "firmware":
        let code = BuiltinProfiles.firmware("hello") ?? []
        try FileSystem.replace(file.path, with: FirmwareROM.image(of: code), durable: false)
      case "kernel": try FileSystem.replace(file.path, with: kernel, durable: false)
      case "initrd":
        try FileSystem.replace(file.path, with: [UInt8](repeating: 0, count: 4096), durable: false)
      case "fwCfg.opt/org.example/key", "ignition":
        try FileSystem.replace(file.path, with: Array("{}".utf8), durable: false)
      default: break
      }
    }
    if let disk = machine.firstBoot?.places.disk, !FileSystem.exists(disk) {
      try FileSystem.replace(disk, with: [UInt8](repeating: 0, count: 1 << 20), durable: false)
    }
    for socket in machine.cardSockets { try FileSystem.makeDirectory(FileSystem.parent(of: socket.path)) }
    for disk in machine.disks where !FileSystem.exists(disk.image) { try image(disk) }
  }

  private static func image(_ disk: Disk) throws {
    try FileSystem.makeDirectory(FileSystem.parent(of: disk.image))
    if disk.format == .raw {
      try FileSystem.replace(disk.image, with: [UInt8](repeating: 0, count: 1 << 20), durable: false)
      return
    }
    let create = try ChildProcess(
      ChildProcess.Launch(
        program: try LiveQEMU.program("qemu-img"),
        arguments: ["create", "-q", "-f", disk.format.rawValue, "file:" + disk.image, "4M"]))
    let status = create.wait()
    guard status == .code(0) else {
      throw LiveQEMU.Failure(description: "qemu-img for \(disk.image): \(status)")
    }
  }

  /// The header of a Linux kernel that can take an initrd, and nothing behind it.
  private static var kernel: [UInt8] {
    var image = [UInt8](repeating: 0, count: 65_536)
    image[0x1F1] = 4  // sectors of set-up code
    image.replaceSubrange(0x202..<0x208, with: Array("HdrS".utf8) + [0x06, 0x02])  // boot protocol 2.06
    image[0x211] = 1  // loaded high
    image.replaceSubrange(0x22C..<0x230, with: [0xFF, 0xFF, 0xFF, 0x37])  // the highest address of an initrd
    image.replaceSubrange(0x238..<0x23C, with: [0xFF, 0x07, 0, 0])  // the longest command line
    return image
  }
}
