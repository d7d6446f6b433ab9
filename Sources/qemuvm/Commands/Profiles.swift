internal import Control
internal import Host
internal import Inspection
internal import JSON
internal import Machine

/// `qemuvm profiles`: the profiles that VMs can be made from.
struct Profiles: Verb {
  static let name = "profiles"
  static let group = VerbGroup.configure
  static let farPart = FarPart.wholeVerb
  static let summary = "List the profiles, or print one"
  static let discussion = [
    "A profile is looked up in qemu-profiles/ beside the lab file, in the profiles folder of qemuvm's configuration, "
      + "in /usr/share/qemuvm/profiles, then among those built in; the first of a name counts."
  ]
  static let examples = ["qemuvm profiles", "qemuvm profiles linux > qemu-profiles/mine.json5"]
  static let arguments = [
    ArgumentDeclaration(
      "NAME", .optional, help: "Print this profile's file, and not the list.", completion: .profiles)
  ]
  static let options: [any DeclaredOption] = [CommonOptions.json, CommonOptions.file]

  private let wanted: String?
  private let isJSON: Bool
  private let files: [String]

  init(_ given: GivenArguments) {
    wanted = given.words.first
    isJSON = given[CommonOptions.json]
    files = given[CommonOptions.file]
  }

  func run(_ context: Context) throws -> ExitCode {
    let directory = try CurrentLab.find(files, in: context)?.directory ?? FileSystem.currentDirectory
    let catalog = ProfileCatalog(context.locations, directory: directory)
    if let wanted {
      try show(wanted, of: catalog, context)
    } else {
      try list(catalog, context)
    }
    return .done
  }

  private func show(_ name: String, of catalog: ProfileCatalog, _ context: Context) throws {
    let known = try catalog.names()
    // A name with a slash would lead out of the folders.
    guard known.contains(name), let entry = try catalog.entry(name) else {
      let nearest = nearestName(to: name, among: known).map { "; did you mean '\($0)'?" } ?? ""
      throw CommandFailure(
        .failed, nil, "there is no profile '\(name)'\(nearest)",
        hints: ["There are \(known.joined(separator: ", "))."])
    }
    guard isJSON else { return try context.output.write(entry.bytes) }
    try context.output.write(json: .object(Self.json(entry, try Self.profile(entry))))
  }

  private func list(_ catalog: ProfileCatalog, _ context: Context) throws {
    var table = Table([("NAME", .left), ("FROM", .left), ("DESCRIPTION", .left)])
    var objects: [JSONValue] = []
    for entry in try catalog.entries() {
      let profile: Profile
      do throws(DefinitionError) {
        profile = try Self.profile(entry)
      } catch {
        // One broken file does not hide the others.
        context.diagnostics.note(ErrorText.of(error).text)
        continue
      }
      objects.append(.object(Self.json(entry, profile)))
      table.add([
        Table.Cell(entry.name), Table.Cell(entry.file.map(Printable.line) ?? "built in"),
        Table.Cell(Printable.line(profile.description ?? "")),
      ])
    }
    if isJSON {
      try context.output.write(json: .array(objects))
    } else {
      try context.output.write(table.text(context.outputStyle))
    }
  }

  private static func profile(_ entry: ProfileCatalog.Entry) throws(DefinitionError) -> Profile {
    try Profile(parsing: entry.bytes, name: entry.name, file: entry.file ?? "\(entry.name).json5")
  }

  private static func json(_ entry: ProfileCatalog.Entry, _ profile: Profile) -> JSONObject {
    [
      "name": .string(entry.name),
      "description": profile.description.map(JSONValue.string) ?? .null,
      "extends": profile.extends.map(JSONValue.string) ?? .null,
      "file": entry.file.map(JSONValue.string) ?? .null,
    ]
  }
}
