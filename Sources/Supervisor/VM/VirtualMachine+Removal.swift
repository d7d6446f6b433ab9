internal import Control
internal import Host
internal import Machine

// The end of a VM that was taken off the list.
extension VirtualMachine {
  /// The last step of `down` and `rm`: nothing is left of the VM, and this actor is as new.
  ///
  /// In its turn, like a user's command: an `up` that came meanwhile has called it off, and a later one begins anew.
  func removeIfForgotten() {
    guard isForgetting, run == nil, preparations == 0, !hasHelpers, lifecycle.state == .stopped,
      !isPerforming,
      gate.tryEnter()
    else { return }
    let (folder, runtime) = (folder, services.runtime)
    let (disks, made) = (services.disks, services.madeDisks)
    let (name, ports) = (name, services.ports)
    Task {
      let (failure, isFolderGone) = await lane.run { () -> (SystemError?, Bool) in
        do throws(SystemError) {
          // Before the folder, which says so.
          if try folder.deletesDisks() {
            try made.forget()
            try FileSystem.removeTree(disks)
            ports.forget(name)
          }
          try folder.remove()
          try FileSystem.removeTree(runtime)
          return (nil, true)
        } catch {
          return (error, !folder.isPresent)
        }
      }
      isForgetting = false
      unsaved.found(nil)
      if let failure {
        Log.note("\(name): what is left of it cannot be removed: \(failure)")
        self.isFolderGone = isFolderGone
        lifecycle.giveUp(saying: "stopped, but not removed: \(failure)")
        announce()
      } else {
        let last = report
        record = nil
        damage = nil
        launch = nil
        // A command may hold this actor for a moment yet, and nobody is to see it use what it has left.
        images = nil
        self.isFolderGone = false
        (lastExit, failedConsole) = (nil, [])
        lifecycle = Lifecycle(policy: RestartPolicy(), stopTimeout: .seconds(60))
        note(.removed)
        services.removed(last)
      }
      leave()
    }
  }
}
