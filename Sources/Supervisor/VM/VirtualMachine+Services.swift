internal import Control
internal import Host
internal import Machine
package import QMP

extension VirtualMachine {
  /// What a VM needs of the supervisor.
  package struct Services: Sendable {
    /// Where the sockets for users lie: this VM's folder in RUNTIME.
    package let runtime: String

    /// Where everything that happens to it is recorded.
    let ledger: Ledger

    /// Tells when a log grows.
    let files: FileWatch

    /// Decides every value of the machine, on the lane of its files; throws what a person should read.
    ///
    /// With the last it waits for them as long as they take.
    let prepare:
      @Sendable (VMRecord, VMFolder, Preparation.Purpose, Lane, Bool) async throws(ControlError) -> Launch

    /// Returns when an image is in the store, or with why it cannot be; nil also when it is left.
    let awaitImage: @Sendable (ImageWait, VirtualMachine) async -> JobFailure?
    let leaveImage: @Sendable (ImageWait) async -> Void

    /// Sees to it that the switches of these cards' networks take frames.
    let readyNetworks: @Sendable ([LabCard]) async throws(ControlError) -> Void

    /// Copies an image for a disk of the VM's own, by a job; returns when that has ended, with why it failed.
    let copyImage: @Sendable (OwnImage, DiskTool?, ImageWork) async -> ControlError?

    /// What a VM with these dependencies has to wait for.
    let unmet: @Sendable ([Dependency]) async -> [UnmetDependency]

    /// Takes a new report in, tells clients; called on the VM's queue.
    package let changed: @Sendable (VMReport) -> Void

    /// What the VM keeps between `down` and the next `up`.
    let disks: String

    /// Which disks of its own have been made.
    let madeDisks: MadeDisks

    /// Where its keys lie.
    let firstBoot: FirstBootPlaces

    /// Ports of the host that are chosen for those who name none.
    let ports: FreePorts

    /// The VM is gone, with its folder.
    package let removed: @Sendable (VMReport) -> Void

    /// Where its files are worked on.
    let lanes: Lanes

    /// Keeps its logs below their sizes.
    let logs: RotatedLogs

    /// The admin's own program for incidents.
    let hook: Hook

    /// Tells every client something, which is made only if there is one.
    package let broadcast: @Sendable (@escaping @Sendable () -> QMPEvent) -> Void

    /// The same for what a guest can bring about at will: some of it may be left out.
    package let broadcastOfGuest: @Sendable (@escaping @Sendable () -> QMPEvent) -> Void
  }
}
