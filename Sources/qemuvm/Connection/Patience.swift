internal import Control

/// How long a command waits for a supervisor that says nothing.
struct Patience: Sendable {
  /// For its greeting, and for what it knows by heart.
  var answer = ControlClient.greetingDeadline

  /// For news of what it does, before it is asked whether it is there.
  var news = Duration.seconds(30)
}
