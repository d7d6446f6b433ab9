internal import Host

/// The sockets for users of one QEMU's, put into their places in RUNTIME; to be run on the lane of the VM's files.
struct SocketOffer: Sendable {
  let runtime: String
  let folder: VMFolder
  let pid: Int32

  /// The paths of its serial ports for users, the console first, and those of them that are listened on already.
  let serialSockets: [String]
  let offeredPorts: Set<Int>

  /// QEMU's second monitor for users.
  let userMonitorSocket: String
  let files: FileWatch

  /// Called when one of the paths is removed.
  let removed: @Sendable () -> Void

  /// What has come of it, on its way to the VM.
  struct Outcome: Sendable {
    /// A serial port that is listened on from here on: our socket, and where QEMU's is reached.
    struct Port: Sendable {
      let number: Int
      let listener: PassedDescriptor
      let upstreamPath: String
    }

    var ports: [Port] = []
    var watches: [FileWatch.Token] = []
    var isMonitorGone = false

    /// Why not all of it was done.
    var failure: SystemError?
  }

  /// It blocks.
  func perform() -> Outcome {
    var outcome = Outcome()
    do throws(SystemError) {
      try FileSystem.makeDirectory(runtime)
      for (index, path) in serialSockets.enumerated() {
        if let port = try offerSerialPort(index + 1, at: path) { outcome.ports.append(port) }
      }
      outcome.isMonitorGone = try !offerMonitor()
      for path in serialSockets + [userMonitorSocket] where FileSystem.exists(path) {
        outcome.watches.append(try files.watch(path, for: .removal, removed))
      }
    } catch {
      outcome.failure = error
      for token in outcome.watches { files.cancel(token) }
      outcome.watches = []
    }
    return outcome
  }

  /// Nil for a port that is listened on, and whose path is there.
  private func offerSerialPort(_ number: Int, at path: String) throws(SystemError) -> Outcome.Port? {
    if offeredPorts.contains(number), FileSystem.exists(path) { return nil }
    let own = Launch.path(to: Launch.serialPorts[number - 1].place, of: pid)
    return Outcome.Port(
      number: number, listener: PassedDescriptor(try UnixSocket.listen(at: path)),
      upstreamPath: FileSystem.exists(own) ? own : folder.serialSocket(number))
  }

  /// QEMU listens in STATE, under a name that is this VM's alone; RUNTIME has a link to it.
  ///
  /// A QEMU of the version before listens in RUNTIME itself, and once that is wiped nothing leads there safely: a path
  /// through its process would be another's as soon as its PID is. False when it listens nowhere any more.
  private func offerMonitor() throws(SystemError) -> Bool {
    let target = FileSystem.linkTarget(userMonitorSocket)
    if target == folder.userMonitorSocket || target == nil && FileSystem.exists(userMonitorSocket) {
      return true
    }
    try FileSystem.remove(userMonitorSocket)
    guard FileSystem.exists(folder.userMonitorSocket) else { return false }
    try FileSystem.link(userMonitorSocket, to: folder.userMonitorSocket)
    return true
  }
}
