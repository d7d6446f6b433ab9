internal import Host

/// One attempt to connect to a QEMU's monitor, to be made on the lane of the VM's files.
struct MonitorCall: Sendable {
  /// What it has come to, on its way to the VM.
  struct Answer: Sendable {
    let path: String
    let socket: Result<PassedDescriptor, SystemError>
  }

  let pid: Int32

  /// By which it was reached before; nil of one that was not.
  let path: String?
  let folder: VMFolder

  /// Connects by the place that QEMU holds, which is its own whatever has become of the path; it blocks.
  func perform() -> Answer {
    let own = Launch.path(to: Launch.monitorPlace, of: pid)
    // Of a QEMU on its way out nothing is there any more: its path in the state folder would lead nowhere either.
    let path = path ?? (FileSystem.exists(own) ? own : folder.monitorSocket)
    let socket = Result { () throws(SystemError) in
      PassedDescriptor(try UnixSocket.connect(to: path, .forOurselves))
    }
    return Answer(path: path, socket: socket)
  }
}
