internal import Control
internal import Machine

/// Which VMs a verb works on: those named, or all of the lab file at hand.
///
/// A bare name means the lab file's VM where the file has it; else the supervisor looks for a VM outside labs, then
/// for the only one of that name. What was read from the file means the file's own VM: its name says where it is from.
struct VMSelection: Sendable, Equatable {
  /// The VMs' arguments of a verb that takes several.
  static let several = ArgumentDeclaration("VM", .several, help: "A VM's name, as web or shop/web.")

  /// The same where none means all of the lab file.
  static let anyOfLab = ArgumentDeclaration(
    "VM", .any, help: "A VM's name, as web or shop/web; none means all of the lab file.")

  /// The argument of a verb about one VM.
  static let one = ArgumentDeclaration("VM", .one, help: "The VM's name, as web or shop/web.")

  let names: [String]

  /// The lab files that were named.
  let files: [String]

  init(names: [String], files: [String]) {
    self.names = names
    self.files = files
  }

  init(_ given: GivenArguments) {
    self.init(names: given.words, files: given[CommonOptions.file])
  }

  /// The names for the supervisor, each once, in the person's order or the file's.
  func resolved(in context: Context, verb: String) throws -> [VMReference] {
    // A name with its lab needs no file, which then may even be broken.
    if !names.isEmpty, names.allSatisfy({ $0.contains("/") }) {
      return try Self.references(names, in: nil, verb: verb)
    }
    let lab = try CurrentLab.find(files, in: context)
    return try Self.references(names, in: try lab?.outline(), of: lab?.path, verb: verb)
  }

  /// The one VM that is named; one that stands for several copies is none.
  func one(in context: Context, verb: String) throws -> VMReference {
    let vms = try resolved(in: context, verb: verb)
    guard let vm = vms.first, vms.count == 1 else {
      throw UsageError(
        .combination("'\(names.first ?? "")' is \(vms.count) VMs, and this command takes one"), verb: verb,
        hint: "They are \(vms.map(\.name).joined(separator: ", ")).")
    }
    return vm
  }

  /// The rule itself; `file` is the lab's.
  static func references(
    _ names: [String], in lab: LabOutline?, of file: String? = nil, verb: String
  ) throws(UsageError) -> [VMReference] {
    guard names.isEmpty else {
      return unique(
        names.flatMap { name in
          // All copies of a VM go by the name that the file gives it.
          let vms = lab.map { $0.copies[name] ?? ($0.vms.contains(name) ? [name] : []) } ?? []
          guard let lab, !vms.isEmpty else { return [VMReference(name)] }
          return vms.map { VMReference("\(lab.lab)/\($0)", file: file) }
        })
    }
    guard let lab else {
      throw UsageError(
        .combination("no VM is named, and there is no \(CurrentLab.defaultName) here or above"), verb: verb,
        hint: "Name a VM ('qemuvm ls' lists them), or a lab file with --file.")
    }
    return lab.vms.map { VMReference("\(lab.lab)/\($0)", file: file) }
  }

  /// Each VM once.
  private static func unique(_ vms: [VMReference]) -> [VMReference] {
    var seen: Set<String> = []
    return vms.filter { seen.insert($0.name).inserted }
  }
}
