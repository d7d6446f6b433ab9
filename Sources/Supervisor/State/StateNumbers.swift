internal import Host
internal import JSON

/// The numbers of a state file, as far as they can be ours: one that cannot counts as missing.
///
/// Nothing that somebody has written there is ever too large to be counted on from.
struct StateNumbers {
  private let file: JSONValue

  /// Whether its moments are of this boot of the host; those of another say nothing.
  let isOfThisBoot: Bool
  private let now = Instant.now

  init(_ file: JSONValue, isOfThisBoot: Bool) {
    self.file = file
    self.isOfThisBoot = isOfThisBoot
  }

  /// The highest number that anything here is counted to, and every program reads exactly.
  static let highest = 1 << 53

  /// A number of things, or of microseconds since 1970.
  func count(_ key: String) -> Int? {
    file[key]?.int.flatMap { (0...Self.highest).contains($0) ? $0 : nil }
  }

  /// A moment that has passed, or that lies no further ahead than so long.
  func moment(_ key: String, within future: Duration = .zero) -> Instant? {
    file[key]?.int.flatMap { moment($0, within: future) }
  }

  /// A list of moments that have passed.
  func pastMoments(_ key: String) -> [Instant] {
    (file[key]?.array ?? []).compactMap(\.int).compactMap { moment($0, within: .zero) }
  }

  private func moment(_ nanoseconds: Int, within future: Duration) -> Instant? {
    let moment = Instant(nanoseconds: Int64(nanoseconds))
    return isOfThisBoot && nanoseconds >= 0 && moment <= now + future ? moment : nil
  }
}
