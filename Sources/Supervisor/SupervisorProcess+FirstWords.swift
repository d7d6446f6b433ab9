internal import Control
internal import Glibc
internal import Host

// What a supervisor says to whoever started it, and by which descriptor.
extension SupervisorProcess {
  /// Takes the descriptor number by which a VM's QEMU is known, so that no lock of a VM ever stands there in the
  /// supervisor itself, not even for a moment.
  ///
  /// Gives back the descriptor for the first words, at another number.
  static func occupyLockDescriptor(
    besides ready: consuming FileDescriptor?
  ) throws(Failure) -> FileDescriptor? {
    var moved: FileDescriptor?
    if let ready {
      do throws(SystemError) {
        moved = try ready.duplicate(atLeast: Launch.lockDescriptor + 1)
      } catch {
        let failure = Failure(description: "the supervisor cannot start: \(error)")
        say(.refused("\(failure)"), to: ready)
        throw failure
      }
    }
    // A descriptor that Dispatch has opened in that place is as good.
    while true {
      // Nobody waits for this device.
      let null = SharedQueues.allowBlocking { try? FileDescriptor.open("/dev/null", O_RDONLY) }
      guard let number = null?.release() else { break }
      if number >= Launch.lockDescriptor {
        if number > Launch.lockDescriptor { close(number) }
        break
      }
    }
    return moved
  }

  static func say(_ words: SupervisorStart, to descriptor: consuming FileDescriptor?) {
    guard let descriptor else { return }
    // Whoever started us may be gone.
    try? descriptor.write(words.bytes)
  }
}
