/// What the disks of a machine are called: by their `name`, else by their file or image.
///
/// A name is the disk's identity. It depends neither on the disk's place in the list nor on the disks beside it: a file
/// whose base name is another's as well gets its path's hash behind it, and one that has had a name keeps it. One of the
/// VM's own has its data under its name, so nothing else decides that.
enum DiskNames {
  /// The names in the order of the disks; `plan` has those so far.
  static func names(of disks: [DiskEntry], keeping plan: AddressPlan) -> [String] {
    let files = disks.map(\.setting.sourceText)
    var names = disks.map { $0.setting.name ?? $0.ownName }
    var taken = Set(names.compactMap(\.self))
    for index in disks.indices where names[index] == nil {
      let known = plan.entries.lazy.filter { $0.file == files[index] }.map {
        DeviceID.diskName(ofNode: $0.id.text)
      }
      // One that was written once may be written at another disk now.
      names[index] = known.first { isOfFile($0, files[index]) && taken.insert($0).inserted }
    }
    let bases = disks.indices.filter { names[$0] == nil }.map { base(of: files[$0]) }
    for index in disks.indices where names[index] == nil {
      let file = files[index]
      let plain = base(of: file)
      let isOnlyOne = bases.count { $0 == plain } == 1
      var name = isOnlyOne ? plain : marked(plain, file, 1)
      // The same file once more, for reading, or one that was given this name by its user.
      var copy = 1
      while !taken.insert(name).inserted {
        name = marked(plain, file, copy)
        copy += 1
      }
      names[index] = name
    }
    return names.compactMap(\.self)
  }

  /// The base name of a file, of the characters that an id has, and not too long.
  private static func base(of file: String) -> String {
    let name = characters(of: file.split(separator: "/").last ?? "disk")
    return name.utf8.count <= DeviceID.longestDiskName ? name : marked(name, file, 1)
  }

  /// The same of a name alone: wherever the image lies, its disks are called alike.
  static func plain(_ name: String) -> String {
    let plain = characters(of: name.isEmpty ? "disk" : name[...])
    return plain.utf8.count <= DeviceID.longestDiskName ? plain : marked(plain, name, 1)
  }

  private static func characters(of name: Substring) -> String {
    String(name.unicodeScalars.map { isPlain($0) ? Character($0) : "-" })
  }

  private static func marked(_ base: String, _ file: String, _ copy: Int) -> String {
    var hash = FNV1a<UInt128>()
    hash.add(file)
    let mark = "-" + hash.text.suffix(8) + (copy == 1 ? "" : "-\(copy)")
    return base.prefix(DeviceID.longestDiskName - mark.utf8.count) + mark
  }

  /// Whether a name is one that this file would get without one of its own.
  private static func isOfFile(_ name: String, _ file: String) -> Bool {
    let plain = base(of: file)
    return name == plain || (1...16).contains { marked(plain, file, $0) == name }
  }

  private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    Character(scalar).isASCIILetterOrDigit || scalar == "-" || scalar == "_" || scalar == "."
  }
}
