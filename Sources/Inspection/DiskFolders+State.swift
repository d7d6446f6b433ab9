package import Machine

extension DiskFolders {
  /// Those of a VM in a state folder.
  ///
  /// What is kept outlives the VM; what is thrown away goes with its own folder.
  package static func of(_ name: VMName, state: String) -> DiskFolders {
    DiskFolders(kept: state + "/disks/" + name.id, thrownAway: state + "/vms/" + name.id)
  }
}
