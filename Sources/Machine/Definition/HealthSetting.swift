internal import JSON

/// The key `health`: how a guest is told to be well, and how often it is looked at; an empty object takes all defaults.
///
/// The words are those of a compose file's healthcheck.
package struct HealthSetting: Sendable, Equatable {
  /// What a line of the console holds when the guest is ready; nil leaves it at QEMU's own answers.
  package var console: ConsolePattern?

  /// From one look to the next.
  package var interval: Duration

  /// How long QEMU's monitor may take to answer.
  package var timeout: Duration

  /// This many looks in a row without an answer make a guest unhealthy.
  package var retries: Int

  /// How long the guest may take until `console` shows.
  package var startPeriod: Duration

  package init(
    console: ConsolePattern? = nil, interval: Duration = .seconds(30), timeout: Duration = .seconds(5),
    retries: Int = 3, startPeriod: Duration = .seconds(300)
  ) {
    self.console = console
    self.interval = interval
    self.timeout = timeout
    self.retries = retries
    self.startPeriod = startPeriod
  }
}

extension HealthSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> HealthSetting? {
    guard var reader = ObjectReader(node) else { return nil }
    var health = HealthSetting()
    health.console = reader.read("console")
    health.interval = reader.read("interval", someTime) ?? health.interval
    health.timeout = reader.read("timeout", someTime) ?? health.timeout
    health.retries = reader.read("retries") { $0.integer(in: 1...1_000, "number of looks") } ?? health.retries
    health.startPeriod = reader.read("startPeriod") ?? health.startPeriod
    reader.finish()
    return health
  }

  /// To look without a pause would be to look all the time.
  private static func someTime(_ node: DefinitionNode) -> Duration? {
    guard let duration = Duration.read(node) else { return nil }
    return duration < .milliseconds(100) ? node.wrong("must be 100ms or longer") : duration
  }

  var json: JSONValue {
    var object: JSONObject = [
      "interval": interval.json, "timeout": timeout.json, "retries": retries.json,
      "startPeriod": startPeriod.json,
    ]
    object["console"] = console?.json
    return .object(object)
  }
}

/// The key `onHang`: what follows when a guest is judged to hang.
package enum HangSetting: String, Sendable, CaseIterable {
  /// QEMU is ended, and the restart policy decides.
  case restart

  /// The reset button is pressed, as soon as QEMU hears it.
  case reset

  /// It is said, and nothing else.
  case none
}

extension HangSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> HangSetting? { node.word("action") }
  var json: JSONValue { .string(rawValue) }
}
