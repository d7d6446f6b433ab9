internal import Control
internal import Machine

/// Which VMs a verb works on: those named, or all of the lab file at hand.
///
/// A bare name means the lab file's VM where the file has it; else the supervisor looks for a VM outside labs, then
/// for the only one of that name. What was read from the file means the file's own VM: its name says where it is from.
struct VMSelection: Sendable, Equatable {
  /// The VMs' arguments of a verb that takes several.
  static let several = ArgumentDeclaration(
    "VM", .several, help: "A VM's name, as web or shop/web, or a lab's, for all of its VMs.",
    completion: .vmsAndLabs)

  /// The same where none means all of the lab file.
  static let anyOfLab = ArgumentDeclaration(
    "VM", .any,
    help: "A VM's name, as web or shop/web, or a lab's; none means all of the lab file.",
    completion: .vmsAndLabs)

  /// The argument of a verb about one VM.
  static let one = ArgumentDeclaration(
    "VM", .one, help: "The VM's name, as web or shop/web.", completion: .vms)

  let names: [String]

  /// The lab files that were named.
  let files: [String]

  /// Whether all VMs are meant that there are.
  let isAll: Bool

  init(names: [String], files: [String], isAll: Bool = false) {
    self.names = names
    self.files = files
    self.isAll = isAll
  }

  init(_ given: GivenArguments) {
    self.init(
      names: given.words, files: given[CommonOptions.file], isAll: given[CommonOptions.all])
  }

  /// Whether all of a lab file is meant.
  var isWholeLab: Bool { names.isEmpty && !isAll }

  /// The names for the supervisor, each once, in the person's order or the file's.
  ///
  /// A name that no VM has may be a lab's: then it stands for all of its VMs.
  func resolved(in context: Context, verb: String) throws -> [VMReference] {
    guard !isAll else {
      guard names.isEmpty, files.isEmpty else {
        throw UsageError(
          .combination("--all is all VMs there are, and takes no VM and no --file"), verb: verb)
      }
      return try VMStatus.all(context).map { VMReference("\($0.name)") }
    }
    let vms = try written(in: context, verb: verb)
    let words = Set(vms.filter { $0.file == nil && !$0.name.contains("/") }.map(\.name))
    guard !words.isEmpty else { return vms }
    let known = try VMStatus.all(context).map(\.name)
    let labs = words.subtracting(known.map(\.name))
    return Self.unique(
      vms.flatMap { vm in
        let ofLab = labs.contains(vm.name) ? known.filter { $0.lab == vm.name } : []
        return ofLab.isEmpty ? [vm] : ofLab.sorted().map { VMReference("\($0)") }
      })
  }

  /// What the words mean by the lab file alone.
  private func written(in context: Context, verb: String) throws -> [VMReference] {
    // A name with its lab needs no file, which then may even be broken.
    if !names.isEmpty, names.allSatisfy({ $0.contains("/") }) {
      return try Self.references(names, in: nil, verb: verb)
    }
    let lab = try CurrentLab.find(files, in: context)
    return try Self.references(names, in: try lab?.outline(), of: lab?.path, verb: verb)
  }

  /// The one VM that is named; one that stands for several copies is none.
  func one(in context: Context, verb: String) throws -> VMReference {
    let vms = try written(in: context, verb: verb)
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
          let vms = lab?.vms(called: name) ?? []
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
