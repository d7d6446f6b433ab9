internal import Host

extension Teardown {
  /// A QEMU's: ask the guest, then QEMU, then signals.
  ///
  /// The power button has the VM's `stopTimeout`. A button pressed just after `cont` is often lost, so it is pressed
  /// again. A monitor that left the button unanswered is not asked to `quit`.
  static func qemu(buttonTime: Duration = .zero) -> Teardown {
    Teardown(
      TeardownStep(.ask(.powerButton), within: buttonTime, isRepeated: true),
      TeardownStep(.ask(.quit), within: .seconds(5), needsAnswer: true),
      TeardownStep(.signal(Signal.terminate), within: .seconds(3)),
      TeardownStep(.signal(Signal.kill), within: .seconds(5)))
  }
}
