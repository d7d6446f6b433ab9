internal import JSON

/// A lab file as read: the lab's name and its VMs, in the order of the file.
package struct LabFile: Sendable, Equatable {
  package let lab: String
  package let vms: [VMDefinition]

  /// Reads a file of JSON5 and reports all of its problems at once.
  ///
  /// - Parameters:
  ///   - bytes: the file's content.
  ///   - file: the file's name as messages show it.
  ///   - defaultLab: the name of the file's folder, which is the lab's unless the file says otherwise.
  /// - Throws: all problems of the file.
  package init(parsing bytes: [UInt8], file: String, defaultLab: String) throws(DefinitionError) {
    let root = try LocatedJSON(definition: bytes, file: file)
    let log = DefinitionLog(file: file)
    let node = DefinitionNode(root, log: log)
    guard var reader = ObjectReader(node) else { throw DefinitionError(log.problems) }
    let lab = reader.read("lab") { $0.name() }
    let name = lab ?? defaultLab
    if !reader.has("lab") { Self.check(defaultLab: defaultLab, node) }
    Self.refuseNetworks(&reader)
    let vms = reader.read("vms") { Self.vms($0, lab: name, file: file) } ?? []
    if !reader.has("vms") { reader.missing("vms", "the list of VMs") }
    reader.finish()
    guard log.problems.isEmpty else { throw DefinitionError(log.problems) }
    self.lab = name
    self.vms = vms
  }

  private static func check(defaultLab: String, _ node: DefinitionNode) {
    do throws(NameError) {
      try NameError.check(defaultLab)
    } catch {
      node.log.report(
        .invalid(
          "the folder's name '\(defaultLab.clipped)' cannot name the lab: \(error); write lab: \"NAME\""),
        path: "lab", at: node.position)
    }
  }

  private static func refuseNetworks(_ reader: inout ObjectReader) {
    let networks = reader.read("networks") { $0.members ?? $0.wrongType(expected: "an object") } ?? []
    for network in networks {
      network.value.report("networks between VMs are not there yet; a VM has the network 'user' or none")
    }
  }

  private static func vms(_ node: DefinitionNode, lab: String, file: String) -> [VMDefinition]? {
    guard let members = node.members else { return node.wrongType(expected: "an object of VMs") }
    var vms: [VMDefinition] = []
    for member in members {
      let name: VMName
      do throws(NameError) {
        // The lab's own name was checked on its own, and is not to blame for this VM.
        try NameError.check(member.key)
        name = try VMName(member.key, lab: (try? VMName(lab)) == nil ? nil : lab)
      } catch {
        node.log.report(
          .invalid("'\(member.key.clipped)' is no name: \(error)"), path: node.path, at: member.keyPosition)
        continue
      }
      let log = DefinitionLog(file: file, prefix: member.value.path)
      let settings = Settings.read(member.value.detached(log: log), of: .virtualMachine)
      node.log.report(log.problems)
      let vm = VMDefinition(name: name, settings: settings ?? Settings(), origins: log.origins)
      reportCollisions(of: vm, with: vms, node.log)
      vms.append(vm)
    }
    return vms
  }

  /// VMs of one file run at the same time, so a port of the host goes to one of them only.
  private static func reportCollisions(of vm: VMDefinition, with others: [VMDefinition], _ log: DefinitionLog)
  {
    for (index, port) in (vm.settings.ports ?? []).enumerated() {
      let other = others.first { $0.settings.ports?.contains(where: port.collides(with:)) ?? false }
      guard let other else { continue }
      log.report(
        .invalid("'\(port)' wants a port of the host that '\(other.name.name)' has"),
        path: "vms.\(vm.name.name).ports[\(index)]", at: vm.origins["ports[\(index)]"]?.position)
    }
  }
}

extension LocatedJSON {
  /// Parses a file that a person wrote, with a syntax error as the one problem of that file.
  init(definition bytes: [UInt8], file: String) throws(DefinitionError) {
    do throws(JSONSyntaxError) {
      try self.init(parsing: bytes, dialect: .json5)
    } catch {
      let origin = Origin(file: file, position: error.position)
      throw DefinitionError([Problem(.syntax(error.problem), path: "", origin: origin)])
    }
  }
}
