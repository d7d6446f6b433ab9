internal import QMP

/// Events of a process that has not proven yet that it is a VM's QEMU; of very many the last.
///
/// Owned by one run.
struct UnprovenEvents {
  static let limit = 256

  private var events: [QMPEvent] = []

  mutating func keep(_ event: QMPEvent) {
    if events.count == Self.limit { events.removeFirst() }
    events.append(event)
  }

  mutating func take() -> [QMPEvent] {
    defer { events = [] }
    return events
  }
}
