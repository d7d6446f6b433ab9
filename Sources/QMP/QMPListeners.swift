/// Those who want a connection's events, each with its own copy, in the order in which they came.
///
/// Owned by one connection.
struct QMPListeners {
  private struct Listener {
    let token: QMPListenerToken
    let handler: (QMPEvent) -> Void
    let end: () -> Void
  }

  private var listeners: [Listener] = []
  private var next = 1

  mutating func add(
    _ handler: @escaping (QMPEvent) -> Void, end: @escaping () -> Void = {}
  ) -> QMPListenerToken {
    let token = QMPListenerToken(number: next)
    next += 1
    listeners.append(Listener(token: token, handler: handler, end: end))
    return token
  }

  mutating func remove(_ token: QMPListenerToken) {
    listeners.removeAll { $0.token == token }
  }

  func tell(_ event: QMPEvent) {
    for listener in listeners { listener.handler(event) }
  }

  mutating func finish() {
    let all = listeners
    listeners = []
    for listener in all { listener.end() }
  }
}

/// Names one listener, for taking it away again.
package struct QMPListenerToken: Sendable, Hashable {
  let number: Int
}
