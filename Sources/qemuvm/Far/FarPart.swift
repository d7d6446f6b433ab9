/// Where a verb does its work when another host is named.
enum FarPart: Sendable {
  /// Here, by what the supervisor over there answers.
  case connection

  /// Over there, as a whole: it needs files or sockets of that host.
  case wholeVerb

  /// It has nothing to do with another host.
  case none
}
