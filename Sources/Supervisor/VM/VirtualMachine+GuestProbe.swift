internal import Dispatch
internal import Glibc
internal import Host
internal import Machine
internal import QMP

// Probes of the guest itself, by a port of the host's that leads into it.
extension VirtualMachine {
  /// When QEMU is first asked whether a guest that says nothing has taken the connection; each further time has twice as
  /// long passed, the last at the end.
  private static let firstQuestion = Duration.milliseconds(250)

  /// Connects to the guest's port; whatever comes of it, the health check hears of it within the timeout.
  func probeGuest(_ number: Int) {
    guard let run, let rules = lifecycle.guest.check?.rules, let probe = rules.probe else { return }
    let forward = run.machine?.forwards.first {
      $0.transport == .tcp && $0.guestPort == probe.guestPort && $0.hostPort != 0
    }
    guard let forward else {
      // The definition has come after this start.
      return probeEnds(
        number, "no port of the host leads to its port \(probe.guestPort) before its next start")
    }
    let deadline = Instant.now + rules.timeout
    let current = PortProbe(number, deadline: deadline, host: forward.nearAddress, port: forward.hostPort)
    run.portProbe = current
    do throws(SystemError) {
      current.watch = try PortWatch(
        host: forward.nearAddress, port: forward.hostPort, queue: executor.queue
      ) { [weak self] event in
        self?.assumeIsolated { $0.portDid(event, number) }
      }
    } catch {
      return probeEnds(number, error.code == ECONNREFUSED ? Self.closed(probe) : "\(error)")
    }
    switch probe {
    case .port: askLater(number, after: Self.firstQuestion, left: rules.timeout)
    case .ssh: later(rules.timeout) { vm in vm.probeEnds(number, vm.silence(probe)) }
    }
  }

  /// Asks after some time; `left` is what the probe may take from now on.
  private func askLater(_ number: Int, after pause: Duration, left: Duration) {
    let isLast = pause >= left
    later(min(pause, left)) { vm in
      guard vm.run?.portProbe?.number == number else { return }
      vm.askForConnections(number, isLast: isLast)
      if !isLast { vm.askLater(number, after: pause * 2, left: left - pause) }
    }
  }

  private func portDid(_ event: PortWatch.Event, _ number: Int) {
    guard let probe = lifecycle.guest.check?.rules.probe, run?.portProbe?.number == number else { return }
    switch (event, probe) {
    case (.closed, _): probeEnds(number, Self.closed(probe))
    case (.spoke(let bytes), .ssh) where !bytes.starts(with: "SSH-".utf8):
      probeEnds(number, "what answers at its port 22 is no sshd")
    case (.spoke, _): probeEnds(number, nil)
    }
  }

  /// Asks QEMU whether the guest has taken the connection.
  private func askForConnections(_ number: Int, isLast: Bool) {
    guard let run, run.portProbe?.number == number, let rules = lifecycle.guest.check?.rules,
      let probe = rules.probe
    else { return }
    let silence = silence(probe)
    guard let connection = run.connection, run.hasNegotiated, !lifecycle.isTakingOver else {
      return isLast ? probeEnds(number, silence) : ()
    }
    connection.assumeIsolated {
      $0.send(HumanMonitorCommand("info usernet"), deadline: rules.timeout) { [weak self] result in
        self?.assumeIsolated { vm in
          // A monitor that does not answer is another matter, and told by another probe.
          let table = try? result.get().text
          let isTaken = table.map { GuestConnections(usernet: $0, guestPort: probe.guestPort).areTaken }
          if isTaken == true {
            vm.probeEnds(number, nil)
          } else if isLast {
            vm.probeEnds(number, silence)
          }
        }
      }
    }
  }

  /// Ends the probe with what is wrong, in words, or nil where it was answered.
  private func probeEnds(_ number: Int, _ words: String?) {
    if let probe = run?.portProbe {
      guard probe.number == number else { return }
      run?.portProbe = nil
    }
    // Behind what is being done: the health check may be at the input that this probe is an effect of.
    executor.queue.async { [weak self] in
      self?.assumeIsolated { vm in
        guard vm.run != nil else { return }
        vm.apply(.health(words.map { .guestFailed(number, $0) } ?? .guestAnswered(number)))
      }
    }
  }

  private static func closed(_ probe: GuestProbe) -> String {
    switch probe {
    case .port(let port): "nothing takes connections at its port \(port)"
    case .ssh: "no sshd answers in it"
    }
  }

  private func silence(_ probe: GuestProbe) -> String {
    let time = (lifecycle.guest.check?.rules.timeout ?? .zero).inWords
    return switch probe {
    case .port(let port): "its port \(port) has not answered within \(time)"
    case .ssh: "its sshd has not answered within \(time)"
    }
  }
}
