internal import Host
internal import Machine
internal import QMP

// Probes of a guest's health, and what they have shown.
extension VirtualMachine {
  /// Asks QEMU how the guest is, and notes what its vCPUs had run by then.
  func probe() {
    guard let run, let timeout = lifecycle.guest.check?.rules.timeout else { return }
    let before = ProcessTable.vcpuTime(pid: run.process.pid)
    let attempt = lifecycle.process.attempt
    guard let connection = run.connection, !lifecycle.isTakingOver else {
      return probeLater(after: timeout, before, attempt)
    }
    connection.assumeIsolated {
      $0.send(QueryStatus(), deadline: timeout) { [weak self] result in
        self?.assumeIsolated { vm in
          switch result {
          case .success: vm.probed(.answered, attempt)
          case .failure(.timedOut): vm.foundSilent(since: before, attempt)
          // Its monitor is gone, perhaps with its process, which will tell.
          case .failure: vm.probeLater(after: timeout, before, attempt)
          }
        }
      }
    }
  }

  /// A QEMU that cannot be asked now: whether it can be by then is seen then.
  private func probeLater(after timeout: Duration, _ before: Duration?, _ attempt: Int) {
    later(timeout) { vm in
      // One that is connected and has not answered the negotiation has answered nothing.
      let isConnected = vm.run?.connection?.assumeIsolated { $0.disconnection == nil } == true
      if isConnected, vm.run?.hasNegotiated == true, !vm.lifecycle.isTakingOver {
        vm.probed(.answered, attempt)
      } else {
        vm.foundSilent(since: before, attempt)
      }
    }
  }

  private func foundSilent(since before: Duration?, _ attempt: Int) {
    guard let pid = run?.process.pid else { return }
    let ran = ProcessTable.vcpuTime(pid: pid) != before
    let isStopped = ProcessTable.use(pid: pid)?.state == "T"
    probed(.unanswered(vcpusRan: ran, isStopped: isStopped), attempt)
  }

  /// What was seen of an earlier QEMU says nothing about this one.
  private func probed(_ result: ProbeResult, _ attempt: Int) {
    if attempt == lifecycle.process.attempt, run != nil { apply(.health(result)) }
  }

  // MARK: The console

  /// A guest that writes all the time is read ten times a second.
  private static let consolePause = Duration.milliseconds(100)

  /// How long after a fault it is tried again.
  private static let faultPause = Duration.seconds(5)

  /// Reads the console's log until its pattern shows; `afresh`: from its present end.
  func watchConsole(afresh: Bool) {
    guard let run, let pattern = lifecycle.guest.check?.rules.console else { return }
    endConsoleWatch(of: run)
    guard afresh else { return readConsole(of: run, from: run.consoleStart, for: pattern) }
    // A guest may reset itself hundreds of times a second.
    run.consoleEndsWanted += 1
    guard run.consoleEndsWanted == 1 else { return }
    let log = folder.consoleLog
    Task {
      var answered = 0
      while self.run === run, answered < run.consoleEndsWanted {
        answered = run.consoleEndsWanted
        run.consoleStart = await consoleLane.run { FileSystem.size(of: log) }
      }
      run.consoleEndsWanted = 0
      guard self.run === run, let pattern = lifecycle.guest.check?.rules.console else { return }
      endConsoleWatch(of: run)
      readConsole(of: run, from: run.consoleStart, for: pattern)
    }
  }

  private func readConsole(of run: Run, from start: Int64, for pattern: ConsolePattern) {
    let reader = ConsoleReader(folder.consoleLog, from: start, for: pattern)
    run.consoleReader = reader
    // Behind what is being done: the pattern may be there already.
    let identity = ObjectIdentifier(reader)
    later(.zero) { $0.readConsole(identity) }
  }

  func endConsoleWatch(of run: Run) {
    if let token = run.consoleReader?.token { services.files.cancel(token) }
    run.consoleReader = nil
  }

  private func readConsole(_ identity: ObjectIdentifier) {
    // Another may have taken its place.
    guard let reader = reader(identity), let reading = reader.lend() else { return }
    let files = services.files
    let tell: @Sendable () -> Void = { [weak self] in self?.readConsoleLater(identity) }
    Task {
      let result = await consoleLane.run {
        var reading = reading
        let outcome = Result { () throws(SystemError) in try reading.readOn(watching: files, tell) }
        return (reading, outcome)
      }
      consoleWasRead(identity, result.0, result.1)
    }
  }

  private func consoleWasRead(
    _ identity: ObjectIdentifier, _ reading: ConsoleReading,
    _ outcome: Result<(FileWatch.Token, ConsoleReading.Finding), SystemError>
  ) {
    guard let run, let reader = reader(identity) else {
      if case .success((let token, _)) = outcome { services.files.cancel(token) }
      return
    }
    let hasGrown = reader.takeBack(reading)
    do throws(SystemError) {
      let (token, finding) = try outcome.get()
      reader.token = token
      reader.hasFailed = false
      switch finding {
      case .nothing: if hasGrown { readConsoleLater(identity) }
      case .more: readConsoleLater(identity)
      case .shown:
        endConsoleWatch(of: run)
        apply(.health(.consoleShowed))
      }
    } catch {
      // Without its log nothing shows: it is tried again for as long as that lasts.
      if !reader.hasFailed { Log.note("\(name): the console cannot be followed: \(error)") }
      reader.hasFailed = true
      later(Self.faultPause) { $0.readConsole(identity) }
    }
  }

  private func reader(_ identity: ObjectIdentifier) -> ConsoleReader? {
    guard let reader = run?.consoleReader, ObjectIdentifier(reader) == identity else { return nil }
    return reader
  }

  private nonisolated func readConsoleLater(_ identity: ObjectIdentifier) {
    later(Self.consolePause) { $0.readConsole(identity) }
  }

  nonisolated func later(
    _ delay: Duration, _ body: @escaping @Sendable (isolated VirtualMachine) -> Void
  ) {
    executor.after(delay) { [weak self] in
      self?.assumeIsolated { body($0) }
    }
  }
}
