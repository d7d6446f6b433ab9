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
    let lab = reader.has("lab") ? reader.read("lab") { $0.name() } : Self.name(ofFolder: defaultLab, node)
    Self.refuseNetworks(&reader)
    let vms = reader.read("vms") { Self.vms($0, lab: lab, file: file) } ?? []
    if !reader.has("vms") { reader.missing("vms", "the list of VMs") }
    reader.finish()
    log.report(LabOrder.problems(of: vms))
    guard let lab, log.problems.isEmpty else { throw DefinitionError(log.problems) }
    self.lab = lab
    self.vms = vms
  }

  private static func name(ofFolder folder: String, _ node: DefinitionNode) -> String? {
    do throws(NameError) {
      try NameError.check(folder)
      return folder
    } catch {
      let why = "the folder's name '\(folder.clipped)' cannot name the lab: \(error); write lab: \"NAME\""
      node.log.report(.invalid(why), path: "lab", at: node.position)
      return nil
    }
  }

  private static func refuseNetworks(_ reader: inout ObjectReader) {
    let networks = reader.read("networks") { $0.members ?? $0.wrongType(expected: "an object") } ?? []
    for network in networks {
      network.value.report("networks between VMs are not there yet; a VM's cards are on 'user'")
    }
  }

  /// Reads the VMs, without a lab when its name is no good: that was reported once, on its own.
  private static func vms(_ node: DefinitionNode, lab: String?, file: String) -> [VMDefinition]? {
    guard let members = node.members else { return node.wrongType(expected: "an object of VMs") }
    var vms: [VMDefinition] = []
    for member in members {
      let name: VMName
      do throws(NameError) {
        name = try VMName(member.key, lab: lab)
      } catch {
        node.log.report(
          .invalid("'\(member.key.clipped)' is not a valid name: \(error)"), path: node.path,
          at: member.keyPosition)
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
    if let uuid = vm.settings.uuid, let other = others.first(where: { $0.settings.uuid == uuid }) {
      log.report(
        .invalid("the UUID \(uuid) is that of '\(other.name.name)'"), path: "vms.\(vm.name.name).uuid",
        at: vm.origins["uuid"]?.position)
    }
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
