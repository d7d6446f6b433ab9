internal import Dispatch
internal import Host

/// A guest's serial console for several people at once.
///
/// QEMU takes one client a socket. The relay listens where users connect, and is QEMU's client while someone does:
/// the guest's bytes go to everyone, everyone's keys to the guest, who holds them up as long as it takes none. QEMU
/// itself writes the log. Bound to `queue`.
final class ConsoleRelay {
  private let queue: DispatchQueue
  private let path: String

  /// Asks for a connection to the guest's own socket; `guestConnected` answers.
  private let connectToGuest: () -> Void
  private var isConnecting = false
  private var listener: SocketListener?
  private var clients: [ObjectIdentifier: SocketStream] = [:]
  private var upstream: SocketStream?

  /// Whether the guest has been told that nobody is left, and its connection ends when it has read all.
  private var isLeaving = false

  /// How many may be connected at once.
  private static let mostClients = 64

  /// A client that reads nothing for this long, in bytes, is dropped.
  private static let clientLimit = 1 << 20

  /// Keys that the guest has not taken yet, in bytes: no more are read until it has taken all.
  private static let guestLimit = 256 << 10

  /// For those who connect to `path`.
  init(at path: String, queue: DispatchQueue, connectToGuest: @escaping () -> Void) {
    self.queue = queue
    self.path = path
    self.connectToGuest = connectToGuest
  }

  /// Accepts those who connect, anew when its path was removed; who is connected stays so.
  func listen(on socket: consuming FileDescriptor) {
    listener?.close()
    listener = SocketListener(socket, queue: queue) { [weak self] connection in
      if let self {
        admit(connection)
      } else {
        _ = consume connection
      }
    }
  }

  /// Ends every connection; the path stays.
  func close() {
    listener?.close()
    listener = nil
    lostGuest()
    isConnecting = false
  }

  private func admit(_ connection: consuming FileDescriptor) {
    guard clients.count < Self.mostClients else {
      return Log.note("console \(path): \(Self.mostClients) are connected, and no more are admitted")
    }
    if isLeaving {
      upstream?.close()
      upstream = nil
    }
    if upstream == nil {
      isLeaving = false
      if !isConnecting {
        isConnecting = true
        connectToGuest()
      }
    }
    var identity: ObjectIdentifier?
    let client = SocketStream(connection, queue: queue, outputLimit: Self.clientLimit) { [weak self] bytes in
      self?.pass(Array(bytes))
    } end: { [weak self] _ in
      if let identity { self?.drop(identity) }
    }
    let key = ObjectIdentifier(client)
    identity = key
    clients[key] = client
    client.isReading = upstream?.queuedBytes == 0
  }

  private func pass(_ keys: [UInt8]) {
    guard let upstream else { return }
    upstream.write(keys)
    if upstream.queuedBytes > 0 {
      for client in clients.values { client.isReading = false }
    }
  }

  /// The guest has taken all keys.
  private func guestIsReady() {
    // The first may fill it again.
    for client in clients.values where upstream?.queuedBytes == 0 { client.isReading = true }
    leaveGuestIfUnused()
  }

  /// The answer to `connectToGuest`.
  func guestConnected(_ result: Result<PassedDescriptor, SystemError>) {
    guard isConnecting else { return }
    isConnecting = false
    switch result {
    case .success(let passed):
      if let socket = passed.take() { serve(socket) }
    case .failure(let error):
      // Closing the connections tells the clients; the reason is in the log.
      Log.note("console \(path): \(error)")
      lostGuest()
    }
  }

  private func serve(_ socket: consuming FileDescriptor) {
    let guest = SocketStream(socket, queue: queue, outputLimit: Self.guestLimit) { [weak self] bytes in
      guard let self else { return }
      let copy = Array(bytes)
      for client in clients.values { client.write(copy) }
    } end: { [weak self] _ in
      self?.lostGuest()
    }
    guest.drained = { [weak self] in self?.guestIsReady() }
    upstream = guest
    guestIsReady()
  }

  private func drop(_ key: ObjectIdentifier) {
    clients[key] = nil
    leaveGuestIfUnused()
  }

  /// What the last one has typed is still the guest's.
  private func leaveGuestIfUnused() {
    guard clients.isEmpty, !isLeaving, let guest = upstream, guest.queuedBytes == 0 else { return }
    isLeaving = true
    guest.endOutput()
  }

  private func lostGuest() {
    upstream?.close()
    upstream = nil
    for client in clients.values { client.close() }
    clients = [:]
  }
}
