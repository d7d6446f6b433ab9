internal import Control

extension VMEvent {
  var isMessage: Bool {
    if case .message = self { true } else { false }
  }
}
