internal import Control
internal import Host

// The place where clients find the supervisor, put back when somebody removes it: a logout wipes RUNTIME.
extension SupervisorProcess {
  /// Who removes a whole folder is let finish first.
  private static let pause = Duration.milliseconds(100)

  /// Notes the next time that the control socket loses its path.
  func watchSocket() {
    do throws(SystemError) {
      _ = try supervisor.files.watch(locations.controlSocket, for: .removal) { [weak self] in
        self?.restoreSocketLater()
      }
    } catch {
      // It is gone already, or cannot be watched; then it is put back once, and no more.
      Log.note("the control socket cannot be watched: \(error)")
      if error.code == SystemError.noSuchFile { restoreSocketLater() }
    }
  }

  private nonisolated func restoreSocketLater() {
    executor.after(Self.pause) { [weak self] in
      Task { [weak self] in await self?.restoreSocket() }
    }
  }

  /// Behind the sockets of the VMs: who can ask for those finds them.
  private func restoreSocket() async {
    await supervisor.offerSockets()
    guard !isLeaving, let server else { return }
    // A change of rights is told alike; and what cannot be identified is not there.
    if let own = socketIdentity, (try? FileSystem.identity(of: locations.controlSocket)) == own {
      return watchSocket()
    }
    do {
      // The lock went with the folder.
      if !FileSystem.isSameFile("/proc/self/fd/\(place.descriptor.rawValue)", locations.runtimeLock) {
        place = try Self.takePlace(locations)
      }
      let listener = try UnixSocket.listen(at: locations.controlSocket).release()
      socketIdentity = try FileSystem.identity(of: locations.controlSocket)
      await server.listen(on: FileDescriptor(owning: listener))
      // Who waits for it is told again: it was there a moment before it could be connected to.
      try FileSystem.touch(locations.controlSocket)
      Log.note("the control socket was removed; listening again at \(locations.controlSocket)")
      watchSocket()
    } catch {
      Log.note("the control socket was removed and cannot be put back: \(error)")
      // What stands in its place may go; where nothing does, the folder is missing, and nobody can tell.
      _ = try? supervisor.files.watch(locations.controlSocket, for: .removal) { [weak self] in
        self?.restoreSocketLater()
      }
    }
  }
}
