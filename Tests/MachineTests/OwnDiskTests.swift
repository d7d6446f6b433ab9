import JSON
import Machine
import Testing

/// Disks of a VM's own: what they are called, which files they are, and what is made for them.
@Suite("Disks of a VM's own")
struct OwnDiskTests {
  private static let base = "/lab/base.qcow2"
  private static let own = "/state/disks/web/disk-base.qcow2"

  /// A qcow2 image, on another or not.
  private static func image(_ inode: UInt64, size: UInt64, on base: (String, UInt64)? = nil) -> DiskImage {
    var image = DiskImage(kind: .file, identity: .file(device: 1, inode: inode))
    image.magic = .qcow2
    image.qcow2Size = size
    image.parts =
      base.map {
        [DiskImage.Part(path: $0.0, identity: .file(device: 1, inode: $0.1), isWritten: false)]
      } ?? []
    return image
  }

  private static func machine(
    _ keys: String, _ images: [String: DiskImage] = [:], after plan: AddressPlan = AddressPlan()
  ) throws -> Machine {
    var host = Example.host
    host.images = images
    return try Example.machine("profile: 'hello', \(keys)", host: host, after: plan)
  }

  private static func refusal(_ keys: String, _ images: [String: DiskImage] = [:]) throws -> String {
    let error = try #require(throws: DefinitionError.self) { try machine(keys, images) }
    return "\(error)"
  }

  @Test("The image that is booted from comes first; what is made for each disk follows from its words")
  func contents() throws {
    let images = [Self.base: Self.image(1, size: 1 << 30)]
    let machine = try Self.machine(
      """
      image: './base.qcow2', imageSize: '2G', disks: [
        { name: 'data', size: '1G' }, { name: 'full', image: 'debian-12', clone: true },
        { name: 'tmp', image: 'debian-12', persistent: false }, { image: 'iso', cdrom: true }, 'a.raw' ]
      """, images)
    #expect(machine.disks.map(\.name) == ["base", "data", "full", "tmp", "iso", "a.raw"])
    #expect(machine.disks.map(\.key) == ["image"] + (0..<5).map { "disks[\($0)]" })
    #expect(
      machine.disks.map(\.image) == [
        Self.own, "/state/disks/web/disk-data.qcow2", "/state/disks/web/disk-full.qcow2",
        "/state/web/disk-tmp.qcow2", "/state/images/content/5678", "/lab/a.raw",
      ])
    let made = machine.ownImages
    #expect(made.map(\.path) == machine.disks.prefix(4).map(\.image))
    #expect(made.map(\.isThrownAway) == [false, false, false, true])
    #expect(made[0].size == .gibibytes(2) && made[1].content == .blank)
    guard case .overlay(let base) = made[0].content, case .copy(let stored) = made[2].content else {
      Issue.record("\(made)")
      return
    }
    #expect(base.path == Self.base && base.format == .qcow2)
    #expect(stored.path == "/state/images/content/1234" && stored.format == .qcow2)
    #expect(machine.disks[4].isCD && machine.disks[4].format == .raw && machine.disks[4].own == nil)
    // Nothing is written but what is the VM's own, and the file that it was given.
    let written = machine.requiredFiles.filter(\.isWritten).map(\.path)
    #expect(written == ["/lab/a.raw"])
  }

  @Test("A disk's file follows from its name alone, whatever stands before, beside or behind it")
  func identity() throws {
    let entries = [
      "{ name: 'data', size: '1G' }", "{ image: './x/base.img' }", "{ image: 'debian-12' }",
      "{ name: 'two', image: 'debian-12' }", "'y/base.raw'", "'debian-12.raw'",
    ]
    func files(_ disks: [String], after plan: AddressPlan = AddressPlan()) throws -> [String: String] {
      let machine = try Self.machine("disks: [\(disks.joined(separator: ","))]", after: plan)
      #expect(Set(machine.disks.map(\.name)).count == disks.count)
      return Dictionary(zip(disks, machine.disks.map(\.image))) { first, _ in first }
    }
    let all = try files(entries)
    #expect(all[entries[2]] == "/state/disks/web/disk-debian-12.qcow2")
    let plan = try Self.machine("disks: [\(entries.joined(separator: ","))]").addresses
    for skipped in entries.indices {
      var list = entries
      list.remove(at: skipped)
      list.reverse()
      for plan in [AddressPlan(), plan] {
        for (entry, file) in try files(list, after: plan) { #expect(all[entry] == file, "\(entry)") }
      }
    }
  }

  @Test("Two of one name are refused, for they would be one disk")
  func sameName() throws {
    #expect(
      try Self.refusal("image: 'debian-12', disks: [{ image: 'debian-12' }]").contains(
        "disks[0].image: this disk would be called 'debian-12', as image is: write a 'name' for it"))
    #expect(
      try Self.refusal("image: 'debian-12', disks: [{ name: 'debian-12', size: '1G' }]").contains(
        "disks[0].name: 'debian-12' is the name of image already"))
  }

  @Test("One that is there is opened as it is, and grows where more is asked for; it never shrinks")
  func sizes() throws {
    let images = [
      Self.base: Self.image(1, size: 1 << 30), Self.own: Self.image(2, size: 2 << 30, on: (Self.base, 1)),
    ]
    #expect(
      try Self.machine("image: './base.qcow2', imageSize: '4G'", images).ownImages[0].size == .gibibytes(4))
    #expect(
      try Self.machine("image: './base.qcow2'", images).requiredFiles.contains {
        $0.path == Self.own && $0.isWritten
      })
    let shrunk = try Self.refusal("image: './base.qcow2', imageSize: '1G'", images)
    #expect(shrunk.contains("imageSize: the disk has 2G, and never shrinks to 1G"), "\(shrunk)")
    let small = try Self.refusal(
      "disks: [{ name: 'n', image: './base.qcow2', size: '512M' }]", [Self.base: Self.image(1, size: 1 << 30)]
    )
    #expect(small.contains("disks[0].size: the image '/lab/base.qcow2' has 1G"), "\(small)")
  }

  @Test("One that stands on another image than the definition names is refused, and so is a broken one")
  func otherBase() throws {
    var images = [
      Self.base: Self.image(1, size: 1 << 30),
      Self.own: Self.image(2, size: 1 << 30, on: ("/old/base.qcow2", 9)),
    ]
    let other = try Self.refusal("image: './base.qcow2'", images)
    #expect(
      other.contains(
        "image: the VM's own disk \(Self.own) stands on '/old/base.qcow2', not on '\(Self.base)'"))
    images[Self.own] = Self.image(2, size: 1 << 30)
    #expect(try Self.refusal("image: './base.qcow2'", images).contains("was made without an image"))
    #expect(
      try Self.machine("disks: [{ name: 'base', image: './base.qcow2', clone: true }]", images).disks.count
        == 1)
    images[Self.own]?.brokenChain = "its backing file '/x': No such file or directory"
    let broken = try Self.refusal("image: './base.qcow2'", images)
    #expect(broken.contains("cannot be used: its backing file '/x'") && broken.contains("qemu-img rebase"))
    images[Self.own]?.magic = nil
    #expect(try Self.refusal("image: './base.qcow2'", images).contains("is no qcow2 image any more"))
  }

  @Test("A disk keeps what it has written, also when it is only read or thrown away from now on")
  func kept() throws {
    let images = [
      Self.base: Self.image(1, size: 1 << 30), Self.own: Self.image(2, size: 1 << 30, on: (Self.base, 1)),
    ]
    let read = try Self.machine("disks: [{ image: './base.qcow2', readOnly: true }]", images)
    #expect(read.disks[0].image == Self.own && read.ownImages.isEmpty)
    let thrown = try Self.machine("disks: [{ image: './base.qcow2', persistent: false }]", images)
    #expect(thrown.ownImages.first?.content.base?.path == Self.own)
    #expect(thrown.disks[0].image == "/state/web/disk-base.qcow2")
  }

  @Test("An image is only read by what stands on it: two may, and none beside who writes to it")
  func uses() throws {
    let images = [Self.base: Self.image(1, size: 1 << 30)]
    let facts = DiskFacts(images: images, folders: Example.paths.disks)
    let flat = try Example.flat(Example.definition("image: './base.qcow2'"))
    #expect(flat.imageUses(facts).map(\.isWritten) == [false])
    let writer = try Example.flat(Example.definition("disks: ['base.qcow2']"))
    #expect(ImageUse.conflict(flat.imageUses(facts), writer.imageUses(facts)) != nil)
    #expect(ImageUse.conflict(flat.imageUses(facts), flat.imageUses(facts)) == nil)
    let both = try Self.refusal("image: './base.qcow2', disks: ['base.qcow2']", images)
    #expect(
      both.contains("disks[0].file: '/lab/base.qcow2' would be written to here, while image"), "\(both)")
  }

  @Test("A name that the store does not have is refused, with the nearest, and how a file is written")
  func notStored() throws {
    let far = try Self.refusal("image: 'base.qcow2'")
    #expect(far.contains("image: the image store has no 'base.qcow2'") && far.contains("'./base.qcow2'"))
    var host = Example.host
    host.store.names = ["debian-12"]
    let error = #expect(throws: DefinitionError.self) {
      try Example.machine("disks: [{ image: 'debain-12' }]", host: host)
    }
    #expect(
      "\(try #require(error))".contains(
        "disks[0].image: the image store has no 'debain-12'; did you mean 'debian-12'?"))
    #expect(try Self.refusal("imageSize: '1G'").contains("imageSize: there is no 'image'"))
  }

  @Test("The turn at booting is what is written, then the order of the list; no two have the same")
  func turns() throws {
    let machine = try Self.machine(
      "image: 'debian-12', disks: ['a.raw', { file: 'b.raw', boot: 5 }, { file: 'c.raw', boot: 1 }]")
    let turns = machine.disks.map { $0.properties["bootOrder"] }
    #expect(turns == [3, 4, 2, 1])
    let twice = try Self.refusal("disks: [{ file: 'a.raw', boot: 1 }, { file: 'b.raw', boot: 1 }]")
    #expect(twice.contains("disks[1].boot: 1 is the turn of disks[0] already"))
  }
}
