internal import Control
internal import Host
internal import Inspection
internal import Machine

/// What is kept of VMs between `down` and the next `up`: STATE/disks, a folder a VM.
///
/// It blocks.
struct KeptDisks: Sendable {
  private let state: String
  private var folder: String { state + "/disks" }

  init(state: String) { self.state = state }

  /// Every VM of which something is kept, or should be.
  func vms() throws(SystemError) -> [VMName] {
    // Another folder than a VM's is somebody else's.
    let kept = FileSystem.isPresent(folder) ? try FileSystem.names(in: folder) : []
    return Set(kept.compactMap { try? VMName(id: $0) } + (try MadeDisks.vms(state: state))).sorted()
  }

  /// Removes what a supervisor that is gone has left half made.
  func clear() {
    // What cannot be listed or removed is in nobody's way.
    for id in (try? FileSystem.names(in: folder)) ?? []
    // What a link leads to is not ours to clear.
    where FileSystem.linkTarget(folder + "/" + id) == nil {
      for name in (try? FileSystem.names(in: folder + "/" + id)) ?? []
      where FileSystem.isTemporary(name) && !FileSystem.isOwnTemporary(name) {
        try? FileSystem.removeTree("\(folder)/\(id)/\(name)")
      }
    }
  }

  /// Every disk that is there, with no word yet of who uses it; `stored` are the names of the image store's files.
  func list(stored: [String: String]) throws(SystemError) -> [(vm: VMName, report: DiskReport)] {
    var found: [(vm: VMName, report: DiskReport)] = []
    for vm in try vms() {
      let folders = DiskFolders.of(vm, state: state)
      let names = FileSystem.isPresent(folders.kept) ? try FileSystem.names(in: folders.kept) : []
      let disks = Set(names.compactMap(DiskFolders.disk))
      for disk in disks { found.append((vm, report(vm, disk, folders.kept(disk), stored))) }
      // A record that cannot be read is told by the VM's next start.
      let made = (try? MadeDisks(of: vm, state: state).read()) ?? [:]
      for disk in made.keys where !disks.contains(disk) {
        var report = DiskReport(vm: vm.full, disk: disk, file: folders.kept(disk), use: Word(.none))
        report.fault = "it is gone"
        found.append((vm, report))
      }
    }
    return found.sorted { ($0.vm, $0.report.disk) < ($1.vm, $1.report.disk) }
  }

  private func report(
    _ vm: VMName, _ disk: String, _ file: String, _ stored: [String: String]
  ) -> DiskReport {
    var report = DiskReport(vm: vm.full, disk: disk, file: file, use: Word(.none))
    guard let image = ImageInspection.image(at: file) else { return report }
    report.sizeBytes = Int64(clamping: image.qcow2Size ?? image.size)
    report.usedBytes = Int64(clamping: image.usedSize)
    report.base = image.parts.first { !$0.isWritten }?.path
    report.image = report.base.flatMap { stored[$0] }
    report.fault = image.magic == .qcow2 ? image.brokenChain : "it is no qcow2 image any more"
    return report
  }
}
