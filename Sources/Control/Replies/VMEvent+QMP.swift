internal import JSON
package import QMP

// The events as they stand on the wire.
extension VMEvent {
  package init?(_ event: QMPEvent) {
    // What a newer supervisor tells in another form is not for us.
    guard let read = try? Self.read(event) else { return nil }
    self = read
  }

  private static func read(_ event: QMPEvent) throws(JSONTypeError) -> VMEvent? {
    switch event.name {
    case "VM_STATE_CHANGED": .changed(try VMChange(event.data))
    case "VM_REMOVED": .removed(try FullName(event.data), wish: try event.data.optional("wish") ?? 0)
    case "VM_MESSAGE":
      .message(
        try FullName(event.data), try event.data.required("message"),
        gaveUp: try event.data.optional("gaveUp") ?? false)
    default: nil
    }
  }

  package var name: FullName {
    switch self {
    case .changed(let change): change.name
    case .removed(let name, _), .message(let name, _, _): name
    }
  }

  package var event: QMPEvent {
    switch self {
    case .changed(let change): return QMPEvent("VM_STATE_CHANGED", change.json)
    case .removed(let name, let wish):
      var members = name.members
      members["wish"] = JSONValue(wish)
      return QMPEvent("VM_REMOVED", members)
    case .message(let name, let words, let gaveUp):
      var members = name.members
      members["message"] = .string(words)
      if gaveUp { members["gaveUp"] = true }
      return QMPEvent("VM_MESSAGE", members)
    }
  }
}
