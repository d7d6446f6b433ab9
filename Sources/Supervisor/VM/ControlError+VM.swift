internal import Control
internal import Machine

extension ControlError {
  /// No VM of that name, with the nearest that there is.
  static func noSuchVM(_ name: String, known: [String] = []) -> ControlError {
    let nearest = nearestName(to: name, among: known).map { "; did you mean '\($0)'?" } ?? ""
    return ControlError(.notFound, "no VM is called '\(name)'\(nearest)\n  'qemuvm ls' lists them.")
  }
}
