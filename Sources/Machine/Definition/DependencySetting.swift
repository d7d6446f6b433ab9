internal import JSON

/// Another VM of the same lab that a VM depends on, and how that one must be before it starts.
package struct Dependency: Sendable, Hashable {
  package enum Condition: String, Sendable, CaseIterable {
    /// Its vCPUs run.
    case started

    /// They run, and its guest is well; somebody must look after it.
    case healthy

    /// It has run and switched itself off, as a job does when its work is done.
    case stopped
  }

  package let name: String
  package let condition: Condition

  package init(_ name: String, _ condition: Condition) {
    self.name = name
    self.condition = condition
  }
}

/// The key `dependsOn`: the VMs that must be so far before this one starts, and that end after it.
///
/// Written as a list of names, or as an object with a condition for each.
package struct DependencySetting: Sendable, Equatable {
  package let dependencies: [Dependency]

  package init(_ dependencies: [Dependency]) {
    self.dependencies = dependencies
  }
}

extension DependencySetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> DependencySetting? {
    if let elements = node.elements { return list(elements) }
    guard let members = node.members else {
      return node.wrongType(expected: "a list of VMs, or an object of conditions")
    }
    var dependencies: [Dependency] = []
    for member in members {
      guard let condition: Dependency.Condition = member.value.word("condition"),
        isName(member.key, member.value)
      else { continue }
      dependencies.append(Dependency(member.key, condition))
    }
    return dependencies.count == members.count ? DependencySetting(dependencies) : nil
  }

  private static func list(_ elements: [DefinitionNode]) -> DependencySetting? {
    var dependencies: [Dependency] = []
    for element in elements {
      guard let name = element.name() else { continue }
      if dependencies.contains(where: { $0.name == name }) {
        element.report("'\(name)' is in the list already")
      } else {
        dependencies.append(Dependency(name, .started))
      }
    }
    return dependencies.count == elements.count ? DependencySetting(dependencies) : nil
  }

  private static func isName(_ key: String, _ node: DefinitionNode) -> Bool {
    do throws(NameError) {
      try NameError.check(key)
      return true
    } catch {
      node.report("'\(key.clipped)' is not a valid name: \(error)")
      return false
    }
  }

  var json: JSONValue {
    if dependencies.allSatisfy({ $0.condition == .started }) {
      return .array(dependencies.map { .string($0.name) })
    }
    return .object(JSONObject(dependencies.map { ($0.name, .string($0.condition.rawValue)) }))
  }
}

extension Origins {
  /// Where a VM's dependency was written, and its path: as a member of the object, or as an element of the list.
  func dependency(_ name: String, at index: Int) -> (origin: Origin?, path: String) {
    let member = "dependsOn.\(name)"
    return (self[member] ?? nearest(to: "dependsOn[\(index)]"), member)
  }
}
