internal import Control
internal import JSON
internal import Machine

/// The VMs that a lab file has defined and does not have any more: they run on, and are taken down when that is asked.
struct LabOrphans: Sendable {
  static let remove = Flag("remove-orphans", help: "Take VMs down that have left the lab file.")

  let names: [String]

  /// The lab file that they are of, as messages show it.
  private let file: String

  /// None where the VMs are not those of a lab file.
  static let none = LabOrphans(names: [], file: "")

  private init(names: [String], file: String) {
    self.names = names
    self.file = file
  }

  /// Of the lab file at hand, by what the supervisor knows.
  init(of lab: CurrentLab, _ context: Context) throws {
    let outline = try lab.outline()
    let defined = Set(outline.vms.map { "\(outline.lab)/\($0)" })
    var names: [String] = []
    for vm in try VMStatus.all(context) where vm.name.lab == outline.lab && !defined.contains("\(vm.name)") {
      // Which file a VM is of is told of each alone; as a rule there is none to ask about.
      if try Self.file(of: vm.name, context) == lab.path { names.append("\(vm.name)") }
    }
    self.names = names.sorted()
    file = lab.shownPath
  }

  /// Nil also of one that has gone meanwhile.
  private static func file(of vm: FullName, _ context: Context) throws -> String? {
    do {
      let request = ControlRequest.queryVM(name: VMReference("\(vm)"))
      return try VMDetails(
        json: try SupervisorConnector(context: context).perform(request, deadline: Query.deadline)
      ).file
    } catch let error as ControlError where error.kind == .notFound {
      return nil
    }
  }

  var references: [VMReference] { names.map { VMReference($0) } }

  /// Says which there are, and what takes them down; nothing where there are none.
  func tell(of verb: String, _ context: Context) {
    guard !names.isEmpty else { return }
    let list = names.map(Printable.line).joined(separator: ", ")
    let words =
      names.count == 1
      ? "is not in \(file) any more, and stays as it is" : "are not in \(file) any more, and stay as they are"
    context.diagnostics.note(
      "\(list): \(words); 'qemuvm \(verb) --remove-orphans' takes what has left down\n")
  }
}

extension VMStatus {
  /// All VMs that the supervisor knows.
  static func all(_ context: Context) throws -> [VMStatus] {
    try [VMStatus](json: try SupervisorConnector(context: context).ask(.queryVMs, deadline: Query.deadline))
  }
}
