extension QMPConnection {
  /// Calls the handler on the queue for each event from here on.
  ///
  /// Register before the command that causes the event.
  @discardableResult
  package func onEvent(_ handler: @escaping (QMPEvent) -> Void) -> QMPListenerToken {
    listeners.add(handler)
  }

  /// Takes a listener away; it may still be told an event that is being told.
  package func stopListening(_ token: QMPListenerToken) {
    listeners.remove(token)
  }

  /// The events from here on, until the connection ends; whoever stops reading them is forgotten.
  ///
  /// Register before the command that causes the event. What is not read is kept, unless `policy` says otherwise.
  package func events(
    buffering policy: AsyncStream<QMPEvent>.Continuation.BufferingPolicy = .unbounded
  ) -> AsyncStream<QMPEvent> {
    let (stream, continuation) = AsyncStream.makeStream(of: QMPEvent.self, bufferingPolicy: policy)
    guard disconnection == nil else {
      continuation.finish()
      return stream
    }
    let token = listeners.add({ continuation.yield($0) }, end: { continuation.finish() })
    continuation.onTermination = { [weak self] _ in
      Task { [weak self] in await self?.stopListening(token) }
    }
    return stream
  }
}
