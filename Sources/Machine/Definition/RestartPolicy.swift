internal import JSON

/// What follows when a VM ends by itself: restart it or not, after how long, and when to give up.
package struct RestartPolicy: Sendable, Equatable {
  package enum Mode: String, Sendable, CaseIterable {
    case no
    case onFailure = "on-failure"
    case always
  }

  package var mode: Mode
  /// The wait before the first restart; each further one is twice the last.
  package var delay: Duration
  /// What the wait grows to.
  package var maxDelay: Duration
  /// This many failures inside `window` are given up; nil keeps trying.
  package var burst: Int?
  package var window: Duration
  /// After running this long the next wait is `delay` again.
  package var resetAfter: Duration

  package init(
    mode: Mode = .onFailure, delay: Duration = .milliseconds(100), maxDelay: Duration = .seconds(60),
    burst: Int? = nil, window: Duration = .seconds(600), resetAfter: Duration = .seconds(60)
  ) {
    self.mode = mode
    self.delay = delay
    self.maxDelay = maxDelay
    self.burst = burst
    self.window = window
    self.resetAfter = resetAfter
  }
}

/// The key `restart` as written: a policy's name, or an object of which each member may be left out.
///
/// A name replaces what the profile says whole; an object is merged with it member by member.
package struct RestartSetting: Sendable, Equatable {
  package var mode: RestartPolicy.Mode?
  package var delay: Duration?
  package var maxDelay: Duration?
  package var burst: Int?
  package var window: Duration?
  package var resetAfter: Duration?
  /// Whether it was written as a name.
  package var isWhole = false

  package init() {}

  package init(_ mode: RestartPolicy.Mode) {
    self.mode = mode
    isWhole = true
  }

  /// The policy, with defaults for what is not written; a first delay beyond the default `maxDelay` raises
  /// that.
  package var policy: RestartPolicy {
    var policy = RestartPolicy()
    if let mode { policy.mode = mode }
    if let delay { policy.delay = delay }
    policy.maxDelay = maxDelay ?? max(policy.maxDelay, policy.delay)
    policy.burst = burst
    if let window { policy.window = window }
    if let resetAfter { policy.resetAfter = resetAfter }
    return policy
  }
}

extension RestartSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> RestartSetting? {
    if node.value.string != nil { return node.word("restart policy").map(RestartSetting.init) }
    if node.value == false {
      return node.wrong("write restart: \"no\", the policy, for what is not restarted")
    }
    guard var reader = ObjectReader(node, expected: "a restart policy or an object") else { return nil }
    var setting = RestartSetting()
    setting.mode = reader.read("policy") { $0.word("restart policy") }
    setting.delay = reader.read("delay")
    setting.maxDelay = reader.read("maxDelay", positiveDuration)
    setting.burst = reader.read("burst") { $0.integer(in: 1...1_000_000, "number of failures") }
    setting.window = reader.read("window", positiveDuration)
    setting.resetAfter = reader.read("resetAfter")
    reader.finish()
    return setting
  }

  /// A window or a longest wait of nothing is none.
  private static func positiveDuration(_ node: DefinitionNode) -> Duration? {
    guard let duration = Duration.read(node) else { return nil }
    return duration == .zero ? node.wrong("must be longer than 0") : duration
  }

  var json: JSONValue {
    if isWhole, let mode { return .string(mode.rawValue) }
    var object = JSONObject()
    object["policy"] = mode.map { .string($0.rawValue) }
    object["delay"] = delay?.json
    object["maxDelay"] = maxDelay?.json
    object["burst"] = burst?.json
    object["window"] = window?.json
    object["resetAfter"] = resetAfter?.json
    return .object(object)
  }

  func merged(over base: RestartSetting) -> RestartSetting {
    guard !isWhole else { return self }
    var merged = base
    merged.isWhole = false
    merged.mode = mode ?? base.mode
    merged.delay = delay ?? base.delay
    merged.maxDelay = maxDelay ?? base.maxDelay
    merged.burst = burst ?? base.burst
    merged.window = window ?? base.window
    merged.resetAfter = resetAfter ?? base.resetAfter
    return merged
  }
}
