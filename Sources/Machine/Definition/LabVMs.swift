internal import JSON

/// The VMs of a lab while its files are read: what each file says of each, the lowest file first.
struct LabVMs {
  /// What one file says of a VM.
  private struct Layer {
    let file: LabSource.File
    let node: DefinitionNode
  }

  /// In the order in which the files name them.
  private var names: [String] = []
  private var layers: [String: [Layer]] = [:]
  private let notes: DefinitionNotes?

  init(notes: DefinitionNotes? = nil) { self.notes = notes }

  /// The key with the number of a VM's copies, which is none of the copies'.
  static let count = "count"

  /// The names of a VM's copies.
  static func copies(of name: String, count: Int) -> [String] { (1...max(count, 1)).map { "\(name)-\($0)" } }

  /// Takes what one file says of its VMs.
  mutating func add(_ node: DefinitionNode, of file: LabSource.File) {
    guard let members = node.members else { return node.reportType(expected: "an object of VMs") }
    for member in members {
      do throws(NameError) {
        try NameError.check(member.key)
      } catch {
        node.log.report(
          .invalid("'\(member.key.clipped)' is not a valid name: \(error)"), path: node.path,
          at: member.keyPosition)
        continue
      }
      if layers[member.key] == nil { names.append(member.key) }
      layers[member.key, default: []].append(Layer(file: file, node: member.value))
    }
  }

  /// Each VM with its files put over each other, and those with `count` as so many.
  ///
  /// - Parameters:
  ///   - lab: the lab's name; nil when it is no good, which was reported once, on its own.
  ///   - source: where relative paths and variables come from.
  ///   - problems: takes what is wrong with the VMs, alone and together.
  /// - Returns: the VMs that can be told.
  func definitions(lab: String?, in source: LabSource, _ problems: inout [Problem]) -> [VMDefinition] {
    var vms: [VMDefinition] = []
    var copies: [String: [String]] = [:]
    for name in names {
      let layers = layers[name] ?? []
      var (count, hasCount) = (nil as Int?, false)
      for layer in layers {
        let log = DefinitionLog(file: layer.file.shown, prefix: layer.node.path, notes: notes)
        guard let node = layer.node.detached(log: log).members?.first(where: { $0.key == Self.count }) else {
          continue
        }
        hasCount = true
        count = Self.copies(node.value, source.variables)
        problems += log.problems
      }
      guard hasCount else {
        append(name, as: name, copy: nil, layers, lab, source, to: &vms, &problems)
        continue
      }
      // Without a number that is any good one copy tells what is wrong with the rest.
      copies[name] = Self.copies(of: name, count: count ?? 1)
      for (index, copy) in (copies[name] ?? []).enumerated() {
        append(name, as: copy, copy: index + 1, layers, lab, source, to: &vms, &problems)
      }
    }
    for index in vms.indices { vms[index].dependOnCopies(copies) }
    LabCollisions(vms, copies: copies).report(&problems)
    return vms
  }

  /// So many copies a lab file makes of one VM.
  static let most = 1_000

  private static func copies(_ node: DefinitionNode, _ variables: Variables) -> Int? {
    node.resolving(variables)?.integer(in: 1...most, "number of copies")
  }

  private func append(
    _ key: String, as text: String, copy: Int?, _ layers: [Layer], _ lab: String?, _ source: LabSource,
    to vms: inout [VMDefinition], _ problems: inout [Problem]
  ) {
    let name: VMName
    do throws(NameError) {
      name = try VMName(text, lab: lab)
    } catch {
      let origin = layers.first.flatMap { layer in
        layer.node.position.map { Origin(file: layer.file.shown, position: $0) }
      }
      problems.append(
        Problem(
          .invalid("'\(text.clipped)' is not a valid name: \(error)"), path: "vms.\(key)", origin: origin))
      return
    }
    var vm = VMDefinition(name: name, settings: Settings())
    let variables = copy.map(source.variables.inside(copy:)) ?? source.variables
    for layer in layers {
      let log = DefinitionLog(file: layer.file.shown, prefix: layer.node.path, notes: notes)
      let settings = Self.settings(layer.node.detached(log: log), variables)
      // Copies have the same problem at the same place.
      problems += log.problems.filter { !problems.contains($0) }
      guard let settings else { continue }
      vm.origins = log.origins.merged(over: vm.origins.without(settings.writtenPaths))
      let isElsewhere = layer.file.folder != source.folder
      let anchored = isElsewhere ? settings.anchored(in: layer.file.folder) : settings
      vm.settings = anchored.merged(over: vm.settings)
    }
    vms.append(vm)
  }

  private static func settings(_ node: DefinitionNode, _ variables: Variables) -> Settings? {
    guard let node = node.resolving(variables), var reader = ObjectReader(node) else { return nil }
    // Read once for all copies; here it is known.
    _ = reader.read(Self.count) { $0 }
    let settings = Settings.read(&reader, of: .virtualMachine)
    reader.finish()
    return settings
  }
}

extension VMDefinition {
  /// Puts all copies of a VM in the place of the name that they come from.
  fileprivate mutating func dependOnCopies(_ copies: [String: [String]]) {
    guard let setting = settings.dependsOn,
      setting.dependencies.contains(where: { copies[$0.name] != nil })
    else { return }
    settings.dependsOn = DependencySetting(
      setting.dependencies.flatMap { dependency in
        (copies[dependency.name] ?? [dependency.name]).map { Dependency($0, dependency.condition) }
      })
  }
}
