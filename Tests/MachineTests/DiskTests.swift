import Machine
import Testing

/// What a disk becomes of what is written and of what its file was found to be.
@Suite("Disks")
struct DiskTests {
  /// An image at /lab/FILE with these bytes.
  private static func image(
    _ magic: ImageMagic?, kind: DiskImage.Kind = .file, inode: UInt64 = 1
  ) -> DiskImage {
    var image = DiskImage(kind: kind, identity: .file(device: 1, inode: inode))
    image.magic = magic
    return image
  }

  private static func machine(
    _ disks: String, _ images: [String: DiskImage] = [:], keys: String = "profile: 'hello'"
  ) throws -> Machine {
    var host = Example.host
    host.images = images
    return try Example.machine("\(keys), disks: [\(disks)]", host: host)
  }

  private static func refusal(
    _ disks: String, _ images: [String: DiskImage] = [:], keys: String = "profile: 'hello'"
  ) throws -> String {
    let error = try #require(throws: DefinitionError.self) { try machine(disks, images, keys: keys) }
    return "\(error)"
  }

  @Test(
    "an image whose bytes are of another format than its name's is refused with both ways out",
    arguments: [
      ("server.img", .qcow2, "holds a qcow2 image", ["format: \"qcow2\"", "format: \"raw\""]),
      ("server.raw", .vmdk, "holds a vmdk image", ["format: \"vmdk\"", "format: \"raw\""]),
      ("server.iso", .vdi, "holds a vdi image", ["format: \"vdi\"", "format: \"raw\""]),
      ("server.img", .vhdx, "holds a vhdx image", ["format: \"vhdx\"", "format: \"raw\""]),
      ("server.img", .vpc, "holds a vpc image", ["format: \"vpc\"", "format: \"raw\""]),
      ("server.img", .qed, "holds a qed image", ["qemu-img convert", "format: \"raw\""]),
      ("server.qcow2", nil, "has no qcow2 header", ["format: \"raw\"", "qemu-img create"]),
      ("server.vmdk", .qcow2, "holds a qcow2 image", ["format: \"qcow2\"", "format: \"vmdk\""]),
    ] as [(String, ImageMagic?, String, [String])])
  func otherFormat(file: String, magic: ImageMagic?, why: String, waysOut: [String]) throws {
    let words = try Self.refusal("'\(file)'", ["/lab/\(file)": Self.image(magic)])
    for word in ["disks[0].file", "'/lab/\(file)'", why] + waysOut {
      #expect(words.contains(word), "\(words)")
    }
  }

  @Test("a format that is written stands, whatever the bytes are; a right name and a missing file pass")
  func writtenFormat() throws {
    let images = ["/lab/a.img": Self.image(.qcow2)]
    for format in ["raw", "qcow2"] {
      let machine = try Self.machine("{ file: 'a.img', format: '\(format)' }", images)
      #expect(machine.disks[0].format.rawValue == format)
    }
    _ = try Self.machine("'a.qcow2'", ["/lab/a.qcow2": Self.image(.qcow2)])
    _ = try Self.machine("'a.img'", ["/lab/a.img": Self.image(nil)])
    _ = try Self.machine("'a.img'")
  }

  @Test("a name without a known ending is refused, and the bytes' format named; a device is raw")
  func noEnding() throws {
    let named = try Self.refusal("'server'", ["/lab/server": Self.image(.qcow2)])
    #expect(named.contains("disks[0].format") && named.contains("those of qcow2"), "\(named)")
    #expect(try Self.refusal("'server'").contains("format: \"raw\" or \"qcow2\""))
    let device = ["/dev/vg/db": Self.image(nil, kind: .blockDevice)]
    let machine = try Self.machine("'/dev/vg/db'", device)
    #expect(machine.disks[0].format == .raw && machine.disks[0].isBlockDevice)
    #expect(machine.arguments.contains { $0.contains(#""driver":"host_device""#) })
    // Not looked at, or not there.
    #expect(try Self.machine("'/dev/vg/db'").disks[0].format == .raw)
    let other = try Self.refusal("'/dev/vg/db'", ["/dev/vg/db": Self.image(.qcow2, kind: .blockDevice)])
    #expect(other.contains("a device would be used as raw"), "\(other)")
    let folder = try Self.refusal("'a.img'", ["/lab/a.img": Self.image(nil, kind: .other("a folder"))])
    #expect(folder.contains("'/lab/a.img' is a folder, not a disk image"), "\(folder)")
  }

  @Test("an .iso is a read-only CD where there are CD drives, unless something else is written")
  func isos() throws {
    func disk(_ text: String, _ keys: String = "profile: 'hello'") throws -> Disk {
      try Self.machine(text, keys: keys).disks[0]
    }
    let pc = try disk("'a.iso'", "machine: 'pc'")
    #expect(pc.isCD && pc.isReadOnly && pc.bus == .ide && !pc.discards)
    let q35 = try disk("'a.ISO'", "machine: 'q35'")
    #expect(q35.isCD && q35.isReadOnly && q35.bus == .sata)
    let micro = try disk("'a.iso'", "profile: 'microvm', kernel: 'k'")
    #expect(!micro.isCD && micro.isReadOnly && micro.bus == .virtio)
    #expect(try disk("{ file: 'a.iso', bus: 'scsi' }").isCD)
    let virtio = try disk("{ file: 'a.iso', bus: 'virtio' }")
    #expect(!virtio.isCD && virtio.isReadOnly)
    let written = try disk("{ file: 'a.iso', readOnly: false }")
    #expect(!written.isCD && !written.isReadOnly && written.bus == .virtio)
    let plain = try disk("{ file: 'a.iso', cdrom: false }")
    #expect(!plain.isCD && plain.isReadOnly && plain.bus == .virtio)
    // A read-only disk on scsi is a disk; on ide and sata there is none but a CD.
    #expect(try !disk("{ file: 'a.img', bus: 'scsi', readOnly: true }").isCD)
    #expect(try disk("{ file: 'a.img', bus: 'sata', readOnly: true }").isCD)
    let asked = try disk("{ file: 'a.img', cdrom: true }")
    #expect(asked.isCD && asked.isReadOnly)
  }

  @Test(
    "what no machine can have is refused with its key",
    arguments: [
      (
        "{ file: 'a.img', bus: 'nvme', cdrom: true }", "machine: 'q35'",
        "disks[0].cdrom: 'nvme' has no CD drives"
      ),
      ("{ file: 'a.img', cdrom: true }", "profile: 'microvm', kernel: 'k'", "'microvm' has no CD drives"),
      (
        "{ file: 'a.img', cdrom: true, readOnly: false }", "machine: 'q35'",
        "disks[0].readOnly: the guest cannot write to a CD"
      ),
      (
        "{ file: 'a.iso', cdrom: false, bus: 'ide' }", "machine: 'q35'",
        "disks[0].cdrom: what is read-only on 'ide' is a CD"
      ),
      (
        "{ file: 'a.img', serial: 'x' }, { file: 'b.img', serial: 'x' }", "machine: 'q35'",
        "disks[1].serial: 'x' is the serial number of disks[0] already"
      ),
      (list(5, "ide"), "machine: 'pc'", "5 disks on 'ide' are more than the 4 that 'pc' takes"),
      (
        list(4, "ide") + "," + list(3, "sata", from: 4), "machine: 'q35'",
        "7 disks on 'ide' and 'sata' are more than the 6 that 'q35' takes"
      ),
      (list(7, "sata"), "machine: 'pc'", "7 disks on 'sata' are more than the 6 that 'pc' takes"),
      (
        list(8, "virtio"), "profile: 'microvm', kernel: 'k', accelerator: 'tcg'",
        "are more than the 6 that 'microvm' takes"
      ),
      (list(17, "virtio"), "machine: 'q35'", "17 disks are more than the 16 that a machine takes"),
    ])
  func impossible(disks: String, keys: String, words: String) throws {
    let refusal = try Self.refusal(disks, keys: keys)
    #expect(refusal.contains(words), "\(refusal)")
  }

  /// So many disks on a bus.
  private static func list(_ count: Int, _ bus: String, from first: Int = 0) -> String {
    (first..<first + count).map { "{ file: 'd\($0).img', bus: '\(bus)' }" }.joined(separator: ",")
  }

  @Test("the rules of disks need no QEMU: a lab file is checked by them as well")
  func withoutQEMU() throws {
    let definition = try Example.definition("machine: 'pc', disks: [\(Self.list(5, "ide"))]")
    let flat = FlatDefinition(
      definition, in: "/lab", over: try ProfileChain(definition.profile, askedAt: nil))
    let facts = DiskFacts(folders: Example.paths.disks)
    let problems = flat.diskProblems(facts)
    #expect(problems.map(\.path) == ["disks"] && problems.first?.origin?.file == "qemuvm.json5")
    // Some distributions have aliases of their own, which QEMU alone can tell.
    let alias = try Example.definition("machine: 'ubuntu', disks: [\(Self.list(5, "ide"))]")
    #expect(
      FlatDefinition(alias, in: "/lab", over: try ProfileChain(alias.profile, askedAt: nil)).diskProblems(
        facts)
        == [])
  }

  @Test("one image twice in one VM is refused, also by another name, and as what another stands on")
  func twice() throws {
    let same = ["/lab/a.img": Self.image(nil), "/lab/b.img": Self.image(nil)]
    let words = try Self.refusal("'a.img', 'b.img'", same)
    #expect(
      words.contains("disks[1].file: '/lab/b.img' would be written to here, while disks[0] of the same VM"),
      "\(words)")
    #expect(try Self.refusal("'a.img', 'a.img'").contains("disks[1].file"))
    let readers = "{ file: 'a.img', readOnly: true }, { file: 'b.img', readOnly: true }"
    #expect(try Self.machine(readers, same).disks.count == 2)
    var overlay = Self.image(.qcow2, inode: 2)
    overlay.parts = [
      DiskImage.Part(path: "/lab/a.img", identity: .file(device: 1, inode: 1), isWritten: false)
    ]
    let chain = ["/lab/a.img": Self.image(nil), "/lab/o.qcow2": overlay]
    let base = try Self.refusal("'o.qcow2', 'a.img'", chain)
    #expect(base.contains("disks[0] of the same VM, '/lab/o.qcow2', stands on it"), "\(base)")
    // Used as raw it stands on nothing.
    #expect(try Self.machine("{ file: 'o.qcow2', format: 'raw' }, 'a.img'", chain).disks.count == 2)
  }

  @Test("a serial number is 1 to 20 printable characters", arguments: [("", false), ("WD-1 2", true)])
  func serials(text: String, isOne: Bool) throws {
    let long = String(repeating: "x", count: 20)
    for (serial, passes) in [(text, isOne), (long, true), (long + "y", false), (" a", false), ("ä", false)] {
      let definition = "disks: [{ file: 'a.img', serial: '\(serial)' }]"
      if passes {
        #expect(
          try Example.machine(definition).arguments.contains { $0.contains("\"serial\":\"\(serial)\"") })
      } else {
        #expect(throws: DefinitionError.self) { try Example.machine(definition) }
      }
    }
  }
}
