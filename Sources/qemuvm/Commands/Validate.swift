internal import Control
internal import Host
internal import Inspection
internal import JSON
internal import Machine

/// `qemuvm validate`: whether a lab file is right, with the profiles that it names.
struct Validate: Verb {
  static let name = "validate"
  static let group = VerbGroup.configure
  static let farPart = FarPart.none
  static let summary = "Check a lab file, and report all of its problems at once"
  static let discussion = [
    "The profiles that its VMs are made from are checked with it, and the disk images that are there: their format, "
      + "and that no two VMs use one that is written to. Nothing is started, and no QEMU is asked: what depends on the "
      + "host, such as a missing image, shows at 'qemuvm up --dry-run'.",
    "--schema prints a JSON schema for editors. A lab file may name it: $schema: \"lab.schema.json\".",
  ]
  static let examples = [
    "qemuvm validate", "qemuvm validate lab.json5 --json", "qemuvm validate --schema >lab.schema.json",
  ]
  static let arguments = [
    ArgumentDeclaration(
      "FILE", .any, help: "The lab file (default: qemuvm.json5 here or above), and those that lie over it.",
      completion: .files)
  ]
  static let options: [any DeclaredOption] = [schema, CommonOptions.file, CommonOptions.json]

  private static let schema = Flag("schema", help: "Print the JSON schema of lab files, and check none.")

  private let files: [String]
  private let isJSON: Bool
  private let isSchema: Bool

  init(_ given: GivenArguments) throws(UsageError) {
    files = given.words + given[CommonOptions.file]
    isJSON = given[CommonOptions.json]
    isSchema = given[Self.schema]
    guard given.words.isEmpty || given[CommonOptions.file].isEmpty else {
      throw UsageError(.combination("the file is named twice, by FILE and by --file"), verb: Self.name)
    }
  }

  func run(_ context: Context) throws -> ExitCode {
    if isSchema {
      try context.output.write(JSONValue.object(LabSchema.json).pretty() + "\n")
      return .done
    }
    guard let lab = try CurrentLab.find(files, in: context) else {
      throw CommandFailure(
        .usage, nil, "there is no \(CurrentLab.defaultName) here or above", hints: ["Name a file."])
    }
    var problems: [Problem] = []
    var definitions: LabFile?
    do {
      definitions = try lab.definitions(in: context)
    } catch let error as DefinitionError {
      problems = error.problems
    }
    if let definitions { problems = try Self.problemsBelow(definitions, lab, context) }
    if isJSON {
      try context.output.write(json: .object(Self.json(lab, definitions, problems)))
    } else if problems.isEmpty, let definitions {
      try context.output.write(Self.summary(lab, definitions))
    } else {
      context.diagnostics.note(problems.map { "\($0)\n" }.joined())
    }
    return problems.isEmpty ? .done : .usage
  }

  /// What the definitions are made of: their profiles, and the images of those that have none wrong.
  private static func problemsBelow(
    _ file: LabFile, _ lab: CurrentLab, _ context: Context
  ) throws -> [Problem] {
    let catalog = ProfileCatalog(context.locations, directory: lab.directory)
    var problems: [Problem] = []
    var vms: [FlatDefinition] = []
    for vm in file.vms {
      do {
        let chain = try catalog.chain(vm.profile, askedAt: vm.origins["profile"])
        vms.append(FlatDefinition(vm, in: lab.directory, over: chain))
      } catch let error as DefinitionError {
        // Several VMs of one broken profile have one problem.
        problems += error.problems.filter { !problems.contains($0) }
      } catch let error as UntrustedFile {
        throw CommandFailure(error, context)
      }
    }
    return DefinitionError(
      problems + LabOrder.problems(ofConditionsIn: vms) + file.networks.problems(ofCardsIn: vms)
        + LabImages.problems(of: vms, alone: true, context)
    ).problems
  }

  static func summary(_ lab: CurrentLab, _ file: LabFile) -> String {
    let names = file.vms.map(\.name.name)
    let list = names.isEmpty ? "" : ": \(names.joined(separator: ", "))"
    return
      "\(Printable.line(lab.shownPath)): lab \(file.lab), \(names.count) \(names.count == 1 ? "VM" : "VMs")\(list)\n"
  }

  private static func json(_ lab: CurrentLab, _ file: LabFile?, _ problems: [Problem]) -> JSONObject {
    [
      "file": .string(lab.path),
      "valid": .bool(problems.isEmpty),
      "lab": file.map { .string($0.lab) } ?? .null,
      "vms": .array(file?.vms.map { .string($0.name.name) } ?? []),
      "problems": .array(problems.map { .object(json($0)) }),
    ]
  }

  private static func json(_ problem: Problem) -> JSONObject {
    [
      "file": problem.origin.map { .string($0.file) } ?? .null,
      "line": problem.origin.map { JSONValue($0.position.line) } ?? .null,
      "column": problem.origin.map { JSONValue($0.position.column) } ?? .null,
      "path": .string(problem.path),
      "message": .string("\(problem.reason)"),
    ]
  }
}
