internal import JSON

/// A lab as its files define it: its name, its networks and its VMs, in the order of the files.
package struct LabFile: Sendable, Equatable {
  package let lab: String
  package let vms: [VMDefinition]

  /// Its private networks.
  package let networks: LabNetworks

  /// The key with the schema that an editor goes by.
  static let schema = "$schema"

  /// The key with the files that one lies over.
  static let include = "include"

  /// Reads one file of JSON5 and reports all of its problems at once.
  ///
  /// - Parameters:
  ///   - bytes: the file's content.
  ///   - file: the file's name as messages show it.
  ///   - defaultLab: the name of the file's folder, which is the lab's unless the file says otherwise.
  /// - Throws: all problems of the file.
  package init(parsing bytes: [UInt8], file: String, defaultLab: String) throws(DefinitionError) {
    let text = LabSource.Text(path: "/\(file)", shown: file, bytes: bytes)
    try self.init(try LabSource(text), defaultLab: defaultLab)
  }

  /// Reads all files of a lab, each strictly and by itself, and puts them over each other.
  ///
  /// - Parameters:
  ///   - source: the files.
  ///   - defaultLab: the name of the first file's folder.
  /// - Throws: all problems of the files.
  package init(_ source: LabSource, defaultLab: String) throws(DefinitionError) {
    try self.init(source, defaultLab: defaultLab, notes: nil)
  }

  /// The same; `notes` takes what is asked for.
  init(_ source: LabSource, defaultLab: String, notes: DefinitionNotes?) throws(DefinitionError) {
    var problems: [Problem] = []
    var (name, vms): (String?, LabVMs) = (nil, LabVMs(notes: notes))
    var (hasName, hasVMs, isObject) = (false, false, false)
    var networks: LabNetworks? = LabNetworks()
    for file in source.files {
      let log = DefinitionLog(file: file.shown, notes: notes)
      defer { problems += log.problems }
      guard var reader = ObjectReader(DefinitionNode(file.root, log: log)) else { continue }
      isObject = true
      // What is included has been read, and the schema is an editor's.
      _ = reader.read(Self.include, Self.included)
      _ = reader.read(Self.schema) { $0.text() }
      let written = reader.read("lab") { $0.resolving(source.variables)?.name() }
      if reader.has("lab") { (hasName, name) = (true, written) }
      let given = reader.read("networks") { $0.resolving(source.variables).flatMap(LabNetworks.read) }
      if reader.has("networks") { networks = given.flatMap { networks?.under($0) } }
      hasVMs = hasVMs || reader.has("vms")
      reader.read("vms") { vms.add($0, of: file) }
      reader.finish()
    }
    let origin = source.files.last.map { Origin(file: $0.shown, position: $0.root.position) }
    if !hasVMs, isObject {
      problems.append(Problem(.missing("the list of VMs"), path: "vms", origin: origin))
    }
    if !hasName { name = Self.name(ofFolder: defaultLab, origin, &problems) }
    self.vms = vms.definitions(lab: name, in: source, &problems).map { $0.tellingCards(of: networks) }
    problems += LabOrder.problems(of: self.vms)
    // Networks that cannot be read are no reason to miss them.
    if let networks, problems.isEmpty { problems += networks.problems(of: self.vms) }
    guard let name, problems.isEmpty else { throw DefinitionError(problems) }
    lab = name
    self.networks = networks ?? LabNetworks()
  }

  /// A file, or a list of files.
  static func included(_ node: DefinitionNode) -> [DefinitionNode]? {
    let files = node.elements ?? [node]
    let isRead = files.allSatisfy { $0.fileName(expected: "a file") != nil }
    return isRead ? files : nil
  }

  private static func name(ofFolder folder: String, _ origin: Origin?, _ problems: inout [Problem]) -> String?
  {
    do throws(NameError) {
      try NameError.check(folder)
      return folder
    } catch {
      let why = "the folder's name '\(folder.clipped)' cannot name the lab: \(error); write lab: \"NAME\""
      problems.append(Problem(.invalid(why), path: "lab", origin: origin))
      return nil
    }
  }
}

extension VMDefinition {
  /// The definition with the largest packet of its networks written to each card that can tell it to the guest.
  fileprivate func tellingCards(of networks: LabNetworks?) -> VMDefinition {
    guard let networks, let cards = settings.networks?.cards else { return self }
    var told = self
    for (index, card) in cards.enumerated() {
      guard case .lab(let network) = card.network, card.mtu == nil, card.model ?? .virtio == .virtio else {
        continue
      }
      told.settings.networks?.cards[index].mtu = networks[network]?.mtu
    }
    return told
  }
}
