internal import JSON

extension DefinitionNode {
  /// The same value with its variables resolved; nil, with all problems reported, where one of them cannot be.
  func resolving(_ variables: Variables) -> DefinitionNode? {
    guard let written else { return self }
    return resolved(written, variables).map { DefinitionNode($0, at: path, log: log) }
  }

  private func resolved(_ json: LocatedJSON, _ variables: Variables) -> LocatedJSON? {
    switch json.content {
    case .null, .bool, .integer, .unsigned, .number: return json
    case .string(let text):
      do throws(VariableError) {
        guard let value = try variables.resolve(text) else { return json }
        log.noteVariable(at: json.position)
        return LocatedJSON(.string(value), at: json.position)
      } catch {
        return wrong("\(error)")
      }
    case .array(let elements):
      let all = zip(elements, self.elements ?? []).map { element, node in node.resolved(element, variables) }
      let resolved = all.compactMap { $0 }
      return resolved.count == all.count ? LocatedJSON(.array(resolved), at: json.position) : nil
    case .object(let members):
      let all = zip(members, self.members ?? []).map { member, node in
        node.value.resolved(member.value, variables).map {
          LocatedJSON.Member(key: member.key, keyPosition: member.keyPosition, value: $0)
        }
      }
      let resolved = all.compactMap { $0 }
      return resolved.count == all.count ? LocatedJSON(.object(resolved), at: json.position) : nil
    }
  }
}
