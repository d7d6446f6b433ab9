internal import Control
internal import Host
internal import Machine

extension ControlError {
  /// What could not be done to a VM, and why.
  static func cannot(
    _ verb: String, _ name: VMName, _ reason: String, _ fact: Fact? = nil, advice: [String] = []
  ) -> ControlError {
    ControlError(.failed, reason, vm: name.full, verb: verb, fact: fact, advice: advice)
  }

  /// No VM of that name, with the nearest that there is.
  static func noSuchVM(_ name: String, known: [String] = []) -> ControlError {
    let nearest = nearestName(to: name, among: known).map { "; did you mean '\($0)'?" } ?? ""
    return ControlError(
      .notFound, "no VM is called '\(name)'\(nearest)", fact: .noSuchVM, advice: ["'qemuvm ls' lists them."])
  }

  /// A lab that is another file's.
  static func otherLabFile(_ lab: String, owner: String, file: String?) -> ControlError {
    ControlError(
      .failed, "the lab '\(lab)' belongs to \(owner)" + (file.map { ", not to \($0)" } ?? ""),
      fact: .otherLabFile,
      advice: [
        "Use that file, or write '\(lab)/NAME' to mean its VMs; or give this file's lab another name with the key 'lab'."
      ])
  }

  /// Files that have not answered for so long; `subject` is what they are to the VM.
  static func silence(
    of lane: Lane, _ subject: String, for time: Duration, _ name: FullName?
  ) -> ControlError {
    let place = lane.place.map { " \($0)" } ?? ""
    return ControlError(
      .failed, "no answer from \(subject)\(place) for \(time.seconds) s", vm: name, fact: .noAnswer,
      advice: [
        "The file system that it lies on hangs: a network or FUSE mount whose server is gone, or a sick disk."
      ])
  }
}
