internal import Control
internal import Machine

// Which lab file a lab belongs to: the one that its VMs came from. Two folders of one name have labs of one name.
extension Supervisor {
  /// A lab that a command is about to give its first VM, so that no other file's command does the same meanwhile.
  struct LabClaim {
    fileprivate let lab: String
    let file: String
    fileprivate var count = 0
  }

  /// The file that a VM's lab belongs to; nil for a lab that has no VM of a file, and outside labs.
  func labFile(of name: VMName) -> String? {
    guard let lab = name.lab else { return nil }
    return reports[name.id]?.file ?? labClaims[lab]?.file
      ?? reports.values.first { $0.name.lab == lab && $0.file != nil }?.file
  }

  /// Keeps the lab for the file until `release`; nobody else's it must be.
  func claimLab(of name: VMName, for file: String?) -> LabClaim? {
    guard let lab = name.lab, let file else { return nil }
    var claim = labClaims[lab] ?? LabClaim(lab: lab, file: file)
    claim.count += 1
    labClaims[lab] = claim
    return claim
  }

  /// By now the VM's report tells whose the lab is, or there is no VM.
  func release(_ claim: LabClaim?) {
    guard let claim, var left = labClaims[claim.lab] else { return }
    left.count -= 1
    labClaims[claim.lab] = left.count > 0 ? left : nil
  }
}
