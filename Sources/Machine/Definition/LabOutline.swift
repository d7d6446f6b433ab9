internal import JSON

/// The names in a lab's files: the lab's, and its VMs' in their order.
///
/// It takes what can be read: a verb that only finds VMs is not hindered by what is wrong with their definitions.
package struct LabOutline: Sendable, Equatable {
  package private(set) var lab: String
  package private(set) var vms: [String]

  /// The copies of each VM that has `count`.
  package private(set) var copies: [String: [String]]

  package init(lab: String, vms: [String], copies: [String: [String]] = [:]) {
    self.lab = lab
    self.vms = vms
    self.copies = copies
  }

  /// - Parameters:
  ///   - source: the files.
  ///   - defaultLab: the name of the first file's folder.
  /// - Throws: a variable that a name depends on and that cannot be resolved.
  package init(_ source: LabSource, defaultLab: String) throws(DefinitionError) {
    self.init(lab: defaultLab, vms: [])
    var names: [String] = []
    var problems: [Problem] = []
    for file in source.files {
      let log = DefinitionLog(file: file.shown)
      for member in DefinitionNode(file.root, log: log).members ?? [] {
        switch member.key {
        case "lab": lab = member.value.resolving(source.variables)?.value.string ?? lab
        case "vms":
          for vm in member.value.members ?? [] {
            if !names.contains(vm.key) { names.append(vm.key) }
            guard let count = vm.value.members?.first(where: { $0.key == LabVMs.count }) else { continue }
            // A number that is no good is the definitions' to tell of, a variable that is missing is not.
            let number = count.value.resolving(source.variables)?.int ?? 1
            copies[vm.key] = LabVMs.copies(of: vm.key, count: min(number, LabVMs.most))
          }
        default: continue
        }
      }
      problems += log.problems
    }
    vms = names.flatMap { copies[$0] ?? [$0] }
    guard problems.isEmpty else { throw DefinitionError(problems) }
  }

  /// The VMs that a word means here: one of that name, all copies of one, or all of the lab; none where it is another's.
  package func vms(called word: String) -> [String] {
    if let copies = copies[word] { return copies }
    if vms.contains(word) { return [word] }
    return word == lab ? vms : []
  }
}
