internal import Host
internal import Synchronization

/// The processes that one look at /proc has found with the lock of a folder of STATE at the descriptor where QEMU has a
/// VM's and a helper its own.
///
/// Only their names for it are known: whether it is that very file is for whoever may wait for its folder to find out.
/// The VMs are read at the same time, and each process is at most one VM's. Any thread.
final class FoundProcesses: Sendable {
  /// By the folder whose lock it is, as its path in STATE: `vms/web`.
  private let byFolder: [String: [Int32]]

  private let owners: [Int32: String]
  private let taken = Mutex<Set<Int32>>([])

  /// Looks for those of a state folder.
  init(in state: String) {
    var byFolder: [String: [Int32]] = [:]
    var owners: [Int32: String] = [:]
    for (pid, file) in ProcessTable.processes(holding: Launch.lockDescriptor, below: state) {
      // Other locks are the supervisor's, and of files of the user's.
      guard FileSystem.name(of: file) == "lock" else { continue }
      let folder = String(FileSystem.parent(of: file).dropFirst(state.count + 1))
      byFolder[folder, default: []].append(pid)
      owners[pid] = folder
    }
    (self.byFolder, self.owners) = (byFolder, owners)
  }

  /// Those that have the lock of a folder of STATE.
  func holders(of folder: String) -> [Int32] { byFolder[folder] ?? [] }

  /// The folders in one of STATE's whose locks are held, by name.
  func folders(in parent: String) -> [String: [Int32]] {
    byFolder.reduce(into: [:]) { found, entry in
      let parts = entry.key.split(separator: "/")
      if parts.count == 2, parts[0] == parent { found[String(parts[1])] = entry.value }
    }
  }

  /// Whether a VM may take a process that has some lock in its hands: the one whose lock it names, else the first that
  /// asks.
  func take(_ pid: Int32, forVM id: String) -> Bool {
    if let owner = owners[pid] { return owner == "vms/" + id }
    return taken.withLock { $0.insert(pid).inserted }
  }
}
