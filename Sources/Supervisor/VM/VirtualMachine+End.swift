internal import Host

// An end of QEMU that its watch has missed: the kernel may refuse one (epoll_ctl(2), ENOSPC), and Dispatch does not
// tell. It is seen when QEMU hangs up, or when something else is due.
extension VirtualMachine {
  /// How long a QEMU that has hung up may take to be gone, looked at twice.
  private static let lastMoments: [Duration] = [.milliseconds(200), .seconds(2)]

  /// Takes the end of a QEMU that has ended; false when there is none to take.
  @discardableResult
  func lookForEnd() -> Bool {
    guard let run, run.exitStatus == nil, let status = run.process.wait(until: .now) else { return false }
    Log.note("\(name): the end of its QEMU, process \(run.process.pid), came without a word from the kernel")
    run.exitWatch?.cancel()
    processEnded(status)
    return true
  }

  /// Looks for the end of a QEMU whose monitor was closed.
  func lookForEndSoon(_ run: Run) {
    let pid = run.process.pid
    for moment in Self.lastMoments {
      executor.after(moment) { [weak self] in
        self?.assumeIsolated { vm in
          if vm.run?.process.pid == pid { vm.lookForEnd() }
        }
      }
    }
  }
}
