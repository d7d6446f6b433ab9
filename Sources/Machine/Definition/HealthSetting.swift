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

  /// How long the guest may take until it is ready: until `console` shows, and `probe` answers.
  package var startPeriod: Duration

  /// What of the guest itself has to answer; nil leaves it at QEMU's own answers.
  package var probe: GuestProbe?

  /// From one probe of the guest to the next until it is ready.
  package var startInterval: Duration

  package init(
    console: ConsolePattern? = nil, interval: Duration = .seconds(30), timeout: Duration = .seconds(5),
    retries: Int = 3, startPeriod: Duration = .seconds(300), probe: GuestProbe? = nil,
    startInterval: Duration = .seconds(2)
  ) {
    self.console = console
    self.probe = probe
    self.startInterval = startInterval
    self.interval = interval
    self.timeout = timeout
    self.retries = retries
    self.startPeriod = startPeriod
  }
}

/// What in a guest shows that it is well.
package enum GuestProbe: Sendable, Equatable {
  /// Something takes connections at this TCP port of the guest's.
  case port(Int)

  /// An sshd answers.
  case ssh

  /// The guest's port.
  package var guestPort: Int {
    switch self {
    case .port(let port): port
    case .ssh: 22
    }
  }
}

extension HealthSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> HealthSetting? {
    guard var reader = ObjectReader(node) else { return nil }
    var health = HealthSetting()
    health.console = reader.read("console")
    let port = reader.read("port") { $0.integer(in: 1...65_535, "port") }
    let ssh: Bool? = reader.read("ssh")
    if let port { health.probe = .port(port) }
    if ssh == true { health.probe = .ssh }
    if port != nil, ssh == true {
      reader.report("ssh", "'port' is written as well; write only one of the two")
    }
    let interval = reader.read("interval", someTime)
    health.interval = interval ?? health.interval
    // Whoever says how often it is to be looked at is not looked past.
    health.startInterval = reader.read("startInterval", someTime) ?? interval ?? health.startInterval
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
    switch probe {
    case nil: break
    case .port(let port): object["port"] = JSONValue(port)
    case .ssh: object["ssh"] = true
    }
    // Without a probe it says nothing, and a definition stays as it was kept.
    if probe != nil { object["startInterval"] = startInterval.json }
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
