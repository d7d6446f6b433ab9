package import JSON

/// What is to be added to the lists of a VM's definition, taken from them or changed in them, each by its name.
package struct ListEdits: Sendable, Equatable {
  package struct Edit: Sendable, Equatable {
    package var add: [JSONValue] = []
    package var remove: [String] = []

    /// New values of what stays, by its name.
    package var change: JSONObject = [:]

    package init() {}

    var isEmpty: Bool { add.isEmpty && remove.isEmpty && change.isEmpty }
  }

  package var disks = Edit()
  package var networks = Edit()
  package var ports = Edit()

  package init() {}

  package var isEmpty: Bool { disks.isEmpty && networks.isEmpty && ports.isEmpty }

  /// Why something cannot be edited.
  package struct Refusal: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
  }

  /// The keys of a definition as they are when this is done.
  ///
  /// `addresses` tells what its disks have been called so far.
  package func settings(
    of definition: FlatDefinition, keeping addresses: AddressPlan?
  ) throws(Refusal) -> JSONObject {
    var settings = JSONObject()
    if !disks.isEmpty { try editDisks(of: definition, addresses ?? AddressPlan(), &settings) }
    if !networks.isEmpty { settings["networks"] = try editedNetworks(definition) }
    if !ports.isEmpty { settings["ports"] = .array(try editedPorts(definition)) }
    return settings
  }

  private func editDisks(
    of definition: FlatDefinition, _ addresses: AddressPlan, _ settings: inout JSONObject
  ) throws(Refusal) {
    let entries = definition.settings.diskEntries
    let names = DiskNames.names(of: entries, keeping: addresses)
    var list = zip(names, entries).filter { !$1.isBootImage }.map { (name: $0, json: $1.setting.json) }
    let image = zip(names, entries).first { $1.isBootImage }?.0
    for name in disks.remove {
      if name == image { throw Refusal(description: "the disk '\(name)' is the image that it boots from") }
      guard let index = list.firstIndex(where: { $0.name == name }) else {
        throw Self.unknown("disk", name, names)
      }
      list.remove(at: index)
    }
    for (name, change) in disks.change {
      if name == image {
        guard let size = change["size"] else {
          throw Refusal(description: "of the image that it boots from only the size can be changed")
        }
        settings["imageSize"] = size
        continue
      }
      guard let index = list.firstIndex(where: { $0.name == name }) else {
        throw Self.unknown("disk", name, names)
      }
      var object = list[index].json.object ?? ["file": list[index].json]
      // Another file has another name by itself, and is the same drive.
      object["name"] = .string(name)
      for (key, value) in change.object ?? [:] { object[key] = value }
      list[index].json = .object(object)
    }
    if disks.add.isEmpty, disks.remove.isEmpty, settings["imageSize"] != nil, disks.change.count == 1 {
      return
    }
    settings["disks"] = .array(list.map(\.json) + disks.add)
  }

  private func editedNetworks(_ definition: FlatDefinition) throws(Refusal) -> JSONValue {
    var cards = definition.settings.networks?.cards ?? []
    for name in networks.remove {
      guard let index = cards.lastIndex(where: { $0.network.name == name }) else {
        throw Self.unknown("card on a network", name, cards.map(\.network.name))
      }
      cards.remove(at: index)
    }
    let list = cards.map(\.json) + networks.add
    return list.isEmpty ? "none" : .array(list)
  }

  private func editedPorts(_ definition: FlatDefinition) throws(Refusal) -> [JSONValue] {
    var forwards = definition.settings.ports ?? []
    for text in ports.remove {
      // Whole as it was written, or the host's port alone.
      let meant = try? PortForward(parsing: text)
      guard let index = forwards.firstIndex(where: { $0 == meant || "\($0.hostPort)" == text }) else {
        throw Self.unknown("port", text, forwards.map(\.description))
      }
      forwards.remove(at: index)
    }
    return forwards.map { .string($0.description) } + ports.add
  }

  private static func unknown(_ what: String, _ name: String, _ known: [String]) -> Refusal {
    let there = known.isEmpty ? "it has none" : "it has \(known.joined(separator: ", "))"
    return Refusal(description: "there is no \(what) '\(name.clipped)': \(there)")
  }
}

// MARK: On the wire

extension ListEdits: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    disks = try members.optional("disks") ?? Edit()
    networks = try members.optional("networks") ?? Edit()
    ports = try members.optional("ports") ?? Edit()
  }

  package var json: JSONObject {
    var members = JSONObject()
    for (key, edit) in [("disks", disks), ("networks", networks), ("ports", ports)] where !edit.isEmpty {
      members[key] = .object(edit.json)
    }
    return members
  }
}

extension ListEdits.Edit: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    add = try members.optional("add") ?? []
    remove = try members.optional("remove") ?? []
    change = try members.optional("change") ?? [:]
  }

  fileprivate var json: JSONObject {
    var members = JSONObject()
    if !add.isEmpty { members["add"] = .array(add) }
    if !remove.isEmpty { members["remove"] = .array(remove.map { .string($0) }) }
    if !change.isEmpty { members["change"] = .object(change) }
    return members
  }
}
