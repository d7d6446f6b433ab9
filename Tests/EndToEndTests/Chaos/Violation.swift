/// A law that a step broke, with all that explains it.
struct Violation: Error, CustomStringConvertible {
  /// The law, as one sentence.
  let law: String

  /// What was seen instead.
  let seen: String

  /// Where in the run it was; set by the run.
  var circumstances = ""

  var description: String { "broken: \(law)\nseen: \(seen)\n\(circumstances)" }
}
