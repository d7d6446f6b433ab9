internal import Control
internal import Host
internal import Machine

/// One VM that is waited for until something is so of it, over a supervisor's leave.
struct ConditionWait: ~Copyable {
  /// From one try of a guest's sshd to the next, where nothing has taken the connection.
  private static let retryPause = Duration.seconds(1)

  /// How long one try may take.
  private static let tryPatience = Duration.seconds(10)

  private let vm: VMReference
  private let condition: Condition
  private let deadline: Instant?
  private let timeout: Duration?
  private let context: Context

  /// Whether nobody starts it again when it has stopped.
  private let isItsOnlyLife: Bool

  /// What was last known of it.
  private var last: VMDetails?
  private var console: ConsoleSearch?

  init(
    _ vm: VMReference, _ condition: Condition, timeout: Duration?, deadline: Instant?, _ context: Context,
    isItsOnlyLife: Bool = false
  ) {
    self.vm = vm
    self.isItsOnlyLife = isItsOnlyLife
    self.condition = condition
    self.timeout = timeout
    self.deadline = deadline
    self.context = context
  }

  private var label: String { last.map { "\($0.name)" } ?? vm.name }

  /// Returns when it is so; throws where it cannot become so, or has not in time.
  mutating func run() throws {
    let connector = SupervisorConnector(context: context, deadline: deadline)
    var round = 1
    while true {
      let client = try connector.connect()
      do {
        _ = try client.send(.subscribe(Subscription(vms: .named([vm.name]))))
        return try wait(client)
      } catch let error as ControlError {
        if error.kind == .notFound, last != nil, condition == .stopped { return }
        let isLost = error.kind == .closing || error.kind == .disconnected
        guard isLost, round < SupervisorConnector.rounds else { throw CommandFailure(error, subject: label) }
        round += 1
      }
    }
  }

  private mutating func wait(_ client: ControlClient) throws {
    while true {
      let reply = try client.perform(.queryVM(name: vm), deadline: context.patience.answer)
      let details = try VMDetails(json: reply)
      last = details
      guard let pause = try judge(details) else { return }
      let due = [deadline, .now + pause].compactMap { $0 }.min()
      // What has come meanwhile is one piece of news, however much it is.
      if try client.next(until: due) != nil {
        while try client.next(until: .now) != nil {}
      } else if let deadline, .now >= deadline {
        throw late(details)
      }
    }
  }

  /// Nil when it is so; else how long until it is asked again, unless there is news before.
  private mutating func judge(_ vm: VMDetails) throws -> Duration? {
    let state = vm.status.state.known
    if state == .failed, condition != .stopped { throw failure(vm, vm.status.shownCause ?? "it has failed") }
    if isItsOnlyLife, state == .stopped { throw failure(vm, vm.status.shownCause ?? "it has stopped") }
    switch condition {
    case .running: return state == .running ? nil : context.patience.news
    case .stopped: return state == .stopped || state == .failed ? nil : context.patience.news
    case .healthy:
      switch vm.status.health.known {
      case .healthy where state == .running: return nil
      case .unhealthy: throw failure(vm, vm.status.shownCause ?? "it is unhealthy")
      case .some(.none) where state == .running:
        throw failure(vm, "nobody looks after it: it has no key health")
      default: return context.patience.news
      }
    case .ssh:
      guard state == .running else { return context.patience.news }
      guard let access = vm.ssh, let port = access.port else { throw failure(vm, "no ssh leads into it") }
      let limit = [deadline, .now + Self.tryPatience].compactMap { $0 }.min() ?? .now
      switch try SSHGreeting.wait(at: access.host, port: port, until: limit) {
      case .answered: return nil
      case .foreign: throw failure(vm, "what answers at \(access.host):\(port) is no sshd")
      case .closed: return Self.retryPause
      case .silent: return .zero
      }
    case .console(let pattern):
      if console == nil, let start = vm.consoleStart, let path = vm.status.consoleLog {
        console = try ConsoleSearch(path, from: start, for: pattern)
      }
      guard console != nil else { return context.patience.news }
      let limit = [deadline, .now + context.patience.news].compactMap { $0 }.min() ?? .now
      return try console?.shows(until: limit) == true ? nil : .zero
    }
  }

  private func failure(_ vm: VMDetails, _ why: String) -> CommandFailure {
    CommandFailure(
      .failed, label, "is not \(condition.text): \(why)", hints: ["'qemuvm why \(label)' tells more."])
  }

  private func late(_ vm: VMDetails) -> CommandFailure {
    let time = TimeText.text(timeout ?? .zero)
    let stage = GuestStage(vm)
    return CommandFailure(
      .deadline, label, "is not \(condition.text) within \(time): \(stage.words)", hints: stage.consoleLines)
  }
}

/// A pattern looked for in a console's log as that grows.
struct ConsoleSearch: ~Copyable {
  private var log: GrowingLog
  private var scan: ConsoleScan
  private let watch: FolderWatch
  private let name: String

  init(_ path: String, from start: Int64, for pattern: ConsolePattern) throws(SystemError) {
    let folder = FileSystem.parent(of: path)
    name = FileSystem.name(of: path)
    // Watched before it is read, so that nothing is written unseen between the two.
    watch = try FolderWatch.start(folder)
    log = GrowingLog(path, from: start)
    scan = ConsoleScan(pattern)
  }

  /// Reads on until the pattern has shown, which is true, or the time is up.
  mutating func shows(until deadline: Instant) throws(SystemError) -> Bool {
    while true {
      var hasShown = false
      var scan = scan
      try log.readOn { bytes throws(SystemError) in
        if !hasShown { hasShown = scan.shows(bytes) }
      }
      self.scan = scan
      if hasShown { return true }
      guard try watch.wait(for: name, until: deadline) == .file else { return false }
    }
  }
}
