internal import Host
internal import Synchronization

/// The processes that one look at /proc has found with the lock of a VM's folder at the descriptor where QEMU has it.
///
/// Only their names for it are known: whether it is that very file is for whoever may wait for its folder to find out.
/// The VMs are read at the same time, and each process is at most one VM's. Any thread.
final class FoundProcesses: Sendable {
  /// By the id of the VM whose lock it is.
  let byVM: [String: [Int32]]

  private let owners: [Int32: String]
  private let taken = Mutex<Set<Int32>>([])

  /// Looks for those of the VMs in a folder.
  init(inVMsOf root: String) {
    var byVM: [String: [Int32]] = [:]
    var owners: [Int32: String] = [:]
    for (pid, file) in ProcessTable.processes(holding: Launch.lockDescriptor, below: root) {
      let parts = file.dropFirst(root.count + 1).split(separator: "/")
      guard parts.count == 2, parts[1] == "lock" else { continue }
      byVM[String(parts[0]), default: []].append(pid)
      owners[pid] = String(parts[0])
    }
    (self.byVM, self.owners) = (byVM, owners)
  }

  /// Whether a VM may take a process that has some lock in its hands: the one whose lock it names, else the first that
  /// asks.
  func take(_ pid: Int32, for id: String) -> Bool {
    if let owner = owners[pid] { return owner == id }
    return taken.withLock { $0.insert(pid).inserted }
  }
}
