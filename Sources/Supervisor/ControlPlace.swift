internal import Control
internal import Host
internal import Synchronization

/// The place where clients find the supervisor, put back when somebody removes it: a logout wipes RUNTIME, and a login
/// makes it anew.
///
/// Meanwhile the control socket lies in STATE. The supervisor's lock says where it is, and is written anew each time
/// that it is somewhere: whoever waits for it is told. An actor on a serial queue of its own, which may block on those
/// folders: where one hangs, the socket does not come back, and nobody who is connected waits for that.
actor ControlPlace {
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

  nonisolated let executor = QueueExecutor(label: "control place")
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  private let locations: Locations

  /// Ours as long as this process lives: the state, and the place where clients connect.
  private let lock: ProcessLock
  private var place: Place

  /// Which file our control socket is.
  private var identity: String?

  /// What is asked about the places where clients look for it.
  private var questions: FileQuestions

  /// Whether a client that finds no socket will be heard.
  private var isLockWatched = false

  /// Listens where clients find it; set once it does.
  private var listen: (@Sendable (PassedDescriptor) async -> Void)?

  /// Who can ask for the sockets of VMs finds them behind this; false where the supervisor leaves.
  private var prepare: @Sendable () async -> Bool = { false }

  /// A socket that the service manager has made, and keeps when this process has gone.
  private nonisolated let passed: PassedDescriptor?

  /// Where the socket is, and whether it is the service manager's.
  private nonisolated let path: Mutex<(socket: String, isPassed: Bool)>

  init(
    _ locations: Locations, lock: consuming ProcessLock, place: consuming Place, files: FileWatch,
    passed: PassedDescriptor? = nil
  ) {
    path = Mutex((place.socket, false))
    self.passed = passed
    self.locations = locations
    self.lock = lock
    self.place = place
    questions = FileQuestions(files)
  }

  /// Where the control socket is, or is to be.
  nonisolated var socket: String { path.withLock { $0.socket } }

  /// Removes the socket of a supervisor that leaves; the service manager's stays.
  nonisolated func remove() {
    let (socket, isPassed) = path.withLock { $0 }
    // The path may be gone with its folder.
    if !isPassed { _ = try? FileSystem.remove(socket) }
  }

  /// The socket at which clients find the supervisor first.
  ///
  /// One that the service manager has made is as good as its path: where that was removed, another is made.
  func begin() throws(SystemError) -> PassedDescriptor {
    // Without its path nobody finds it.
    if let passed, let passedIdentity = try? FileSystem.identity(of: place.socket) {
      identity = passedIdentity
      path.withLock { $0.isPassed = true }
      return passed
    }
    let listener = PassedDescriptor(try UnixSocket.listen(at: place.socket))
    identity = try FileSystem.identity(of: place.socket)
    return listener
  }

  /// Keeps the socket in its place from here on: where it was put back, `listen` is called with it.
  func keep(
    prepare: @escaping @Sendable () async -> Bool,
    listen: @escaping @Sendable (PassedDescriptor) async -> Void
  ) {
    (self.prepare, self.listen) = (prepare, listen)
    watch(place.socket, for: .removal)
    watchLock()
    sayWhere()
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
      self?.restoreLater(isAsked: isLock)
    }
  }

  private nonisolated func restoreLater(isAsked: Bool) {
    executor.after(Self.pause) { [weak self] in
      Task { [weak self] in
        if isAsked { await self?.lockWasTouched() }
        await self?.restore()
      }
    }
  }

  private func lockWasTouched() {
    isLockWatched = false
    watchLock()
  }

  private func restore() async {
    guard await prepare(), let listen else { return }
    var refusals: [String] = []
    for folder in [locations.runtime, locations.spareRuntime] {
      // A change of rights is told alike; and what cannot be identified is not there.
      let isHere = folder == place.folder && !place.isLost
      if isHere, let own = identity, (try? FileSystem.identity(of: place.socket)) == own {
        watch(place.socket, for: .removal)
        break
      }
      do {
        if !isHere {
          let before = place.socket
          place = try SupervisorProcess.takePlace(folder, locations)
          // Nobody listens there any more; it may have gone with its folder.
          _ = try? FileSystem.remove(before)
        }
        let listener = PassedDescriptor(try UnixSocket.listen(at: place.socket))
        identity = try FileSystem.identity(of: place.socket)
        let now = place.socket
        path.withLock { $0 = (now, false) }
        await listen(listener)
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
  private func sayWhere(_ refusal: String? = nil) {
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
