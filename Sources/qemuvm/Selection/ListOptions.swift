internal import JSON
internal import Machine

/// The options of `update` that add to a list of the definition, or take something from it by its name.
enum ListOptions {
  private static let diskAdd = ListOption(
    "disk-add", "FILE[,KEY=VALUE…]", .disk, help: "Another disk, written as with --disk: name=data,size=20G.")
  private static let diskRemove = ListOption(
    "disk-remove", "NAME", .name, help: "Take a disk out; what is on it stays.")
  private static let diskGrow = ListOption(
    "disk-grow", "NAME=SIZE", .assignment, help: "Grow a disk of the VM's own, as data=40G.")
  private static let media = ListOption(
    "media", "NAME=FILE", .assignment, help: "Put another CD into a drive, as cd=./other.iso.")
  private static let netAdd = ListOption(
    "net-add", "NAME", .setting, help: "Another network card: user, or a network of the VM's lab.")
  private static let netRemove = ListOption(
    "net-remove", "NAME", .name, help: "Take out the card on that network.")
  private static let portAdd = ListOption(
    "port-add", "PORT", .setting, help: "Another port of the host, as 8080:80.")
  private static let portRemove = ListOption(
    "port-remove", "PORT", .name, help: "Take back a port: as it was written, or the host's alone.")

  static let all: [any DeclaredOption] = [
    diskAdd, diskRemove, diskGrow, media, netAdd, netRemove, portAdd, portRemove,
  ]

  /// What is given, with paths seen from a folder.
  static func edits(in given: GivenArguments, from directory: String) throws(DefinitionError) -> ListEdits {
    var edits = ListEdits()
    edits.disks.add = try anchored(given[diskAdd], from: directory)
    edits.disks.remove = given[diskRemove]
    for (name, size) in given[diskGrow] { edits.disks.change[name] = ["size": .string(size)] }
    for (name, file) in given[media] {
      let entry: JSONValue = ["name": .string(name), "file": .string(file), "cdrom": true]
      guard case .object(var change)? = try anchored([entry], from: directory).first else { continue }
      change["name"] = nil
      edits.disks.change[name] = .object(change)
    }
    edits.networks.add = given[netAdd]
    edits.networks.remove = given[netRemove]
    edits.ports.add = given[portAdd]
    edits.ports.remove = given[portRemove]
    return edits
  }

  /// Disks as the definition's rules have them.
  private static func anchored(_ disks: [JSONValue], from directory: String) throws(DefinitionError)
    -> [JSONValue]
  {
    guard !disks.isEmpty else { return [] }
    let settings = try Settings(json: ["disks": .array(disks)]).anchored(in: directory)
    return settings.json["disks"]?.array ?? []
  }
}

extension ValueParser<String> {
  fileprivate static var name: ValueParser {
    ValueParser { text throws(InvalidValue) in
      guard !text.isEmpty else { throw InvalidValue(reason: "is empty") }
      return text
    }
  }
}

extension ValueParser<(String, String)> {
  /// A name and what it is to have: `data=40G`.
  fileprivate static var assignment: ValueParser {
    ValueParser { text throws(InvalidValue) in
      guard let sign = text.firstIndex(of: "="), sign != text.startIndex,
        text.index(after: sign) != text.endIndex
      else { throw InvalidValue(reason: "is not written NAME=VALUE") }
      return (String(text[..<sign]), String(text[text.index(after: sign)...]))
    }
  }
}
