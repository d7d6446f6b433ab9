internal import Host
internal import Machine

/// What came of bringing a running QEMU to what its VM is by now.
struct LiveOutcome: Sendable {
  /// What it has taken, a sentence each.
  var applied: [String] = []

  /// What it has refused, in its own words; nil when nothing was.
  var refusal: String?
}

/// Why a running QEMU has not taken a change.
enum LiveFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// QEMU's words.
  case refused(String)

  /// The guest has not let go of a device in that time; it may yet do so.
  case held(after: Duration)

  /// The guest says that it does not let go of it.
  case guestRefused

  /// The QEMU that was being changed has ended.
  case ended

  var description: String {
    switch self {
    case .refused(let words): words
    case .held(let limit): "the guest has not let go of it within \(limit.seconds) s"
    case .guestRefused: "the guest refuses to let go of it"
    case .ended: "its QEMU has ended meanwhile"
    }
  }
}

/// A device that a guest was asked to let go of, and who waits for that.
struct AwaitedUnplug {
  /// Which wait it is: a deadline of an earlier one for the same device is not its own.
  let number: Int
  let device: DeviceID
  let waiting: CheckedContinuation<LiveFailure?, Never>
}
