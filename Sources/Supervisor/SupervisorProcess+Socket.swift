internal import Control
internal import Host

// The place where clients find the supervisor, put back when somebody removes it: a logout wipes RUNTIME, and a login
// makes it anew. Meanwhile the control socket lies in STATE. The supervisor's lock says where it is, and is written
// anew each time that it is somewhere: whoever waits for it is told.
extension SupervisorProcess {
  /// Who removes a whole folder is let finish first.
  private static let pause = Duration.milliseconds(100)

  /// The folder of the control socket, ours by its lock.
  struct Place: ~Copyable {
    let folder: String
    let lock: FileLock

    var socket: String { Locations.controlSocket(in: folder) }
    private var lockFile: String { Locations.controlLock(in: folder) }

    /// Whether the lock went with its folder.
    var isLost: Bool { !FileSystem.isSameFile("/proc/self/fd/\(lock.descriptor.rawValue)", lockFile) }
  }

  /// Notes the next time that the control socket loses its path, or that somebody looks for it in vain.
  func watchSocket() {
    watch(place.socket, for: .removal)
    watchLock()
  }

  /// A client that finds no socket touches the lock.
  private func watchLock() {
    guard !isLockWatched else { return }
    isLockWatched = watch(locations.supervisorLock, for: .removal)
  }

  @discardableResult
  private func watch(_ path: String, for change: FileWatch.Change) -> Bool {
    let isLock = path == locations.supervisorLock
    // Asked once about each, however often it is looked for.
    return questions.ask(about: path, for: change) { [weak self] in
      self?.restoreSocketLater(isAsked: isLock)
    }
  }

  private nonisolated func restoreSocketLater(isAsked: Bool) {
    executor.after(Self.pause) { [weak self] in
      Task { [weak self] in
        if isAsked { await self?.lockWasTouched() }
        await self?.restoreSocket()
      }
    }
  }

  private func lockWasTouched() {
    isLockWatched = false
    watchLock()
  }

  /// Behind the sockets of the VMs: who can ask for those finds them.
  private func restoreSocket() async {
    await supervisor.offerSockets()
    guard !isLeaving, let server else { return }
    var refusals: [String] = []
    for folder in [locations.runtime, locations.spareRuntime] {
      // A change of rights is told alike; and what cannot be identified is not there.
      let isHere = folder == place.folder && !place.isLost
      if isHere, let own = socketIdentity, (try? FileSystem.identity(of: place.socket)) == own {
        watch(place.socket, for: .removal)
        break
      }
      do {
        if !isHere {
          let before = place.socket
          place = try Self.takePlace(folder, locations)
          // Nobody listens there any more; it may have gone with its folder.
          _ = try? FileSystem.remove(before)
        }
        let listener = try UnixSocket.listen(at: place.socket).release()
        socketIdentity = try FileSystem.identity(of: place.socket)
        await server.listen(on: FileDescriptor(owning: listener))
        Log.note("the control socket was removed; listening again at \(place.socket)")
        watch(place.socket, for: .removal)
        break
      } catch {
        refusals.append("\(error)")
        Log.note("the control socket cannot be put back into \(folder): \(error)")
      }
    }
    // It goes back to where clients look first as soon as that is possible again.
    if !refusals.isEmpty { watchForRuntime() }
    sayWhere(refusals.count > 1 ? refusals[0] : nil)
  }

  /// Tells those who look for the socket where it is, or why it is nowhere.
  func sayWhere(_ refusal: String? = nil) {
    // Who waits is told by nothing else, and waits no longer than a while.
    try? lock.say(([place.socket] + (refusal.map { [$0] } ?? [])).joined(separator: "\n") + "\n")
  }

  /// What stands in the socket's place may go; where the folder is missing, the nearest one above it tells.
  private func watchForRuntime() {
    watch(locations.controlSocket, for: .removal)
    var folder = locations.runtime
    while !watch(folder, for: .arrival), folder != "/" { folder = FileSystem.parent(of: folder) }
  }
}
