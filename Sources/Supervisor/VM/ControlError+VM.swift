internal import Control
internal import Host
internal import Machine

extension ControlError {
  /// No VM of that name, with the nearest that there is.
  static func noSuchVM(_ name: String, known: [String] = []) -> ControlError {
    let nearest = nearestName(to: name, among: known).map { "; did you mean '\($0)'?" } ?? ""
    return ControlError(.notFound, "no VM is called '\(name)'\(nearest)\n  'qemuvm ls' lists them.")
  }

  /// The reason alone, as a VM's own cause has it: without the VM's name, and without what to do next.
  func reason(about name: VMName) -> String {
    let line = description.split(separator: "\n").first ?? ""
    let opening = "\(name): "
    return String(line.hasPrefix(opening) ? line.dropFirst(opening.count) : line)
  }

  /// Files that have not answered for so long; `subject` is what they are to the VM.
  static func silence(of lane: Lane, _ subject: String, for time: Duration, _ name: String) -> ControlError {
    let place = lane.place.map { " \($0)" } ?? ""
    return ControlError(
      .failed,
      """
      \(name): no answer from \(subject)\(place) for \(time.seconds) s
        The file system that it lies on hangs: a network or FUSE mount whose server is gone, or a sick disk.
      """)
  }
}
