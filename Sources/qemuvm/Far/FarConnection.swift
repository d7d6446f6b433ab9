internal import Control
internal import Glibc
internal import Host
internal import Synchronization

/// A connection to the supervisor of another host: ssh(1), which runs `qemuvm supervisor connect` there.
struct FarConnection {
  let host: FarHost
  let context: Context

  /// Connects, and starts a supervisor over there where none runs, unless told otherwise.
  ///
  /// Without a limit of the person's it waits as long as ssh does: it may have asked for a password.
  func client(starting: Bool, until deadline: Instant?) throws -> ControlClient {
    guard let ssh = HostProgram.find("ssh", in: context) else { throw Self.sshMissing }
    let pair = try UnixSocket.pair()
    let words = ["qemuvm", "supervisor", "connect"] + (starting ? [] : [SupervisorConnect.running])
    var launch = ChildProcess.Launch(
      program: ssh, arguments: host.arguments(running: words, onTerminal: false))
    launch.descriptors = [0: pair.second.rawValue, 1: pair.second.rawValue, 2: STDERR_FILENO]
    launch.hasOwnSession = false
    let process = try ChildProcess(launch)
    Self.processes.withLock { $0.append(process) }
    do {
      return try ControlClient.connect(over: pair.takeFirst(), greetingDeadline: deadline)
    } catch is ControlClient.NoAnswer {
      throw CommandFailure(.deadline, "\(host)", "the time is over and the supervisor there has not answered")
    } catch {
      throw failure(process.wait(until: .now + Self.timeToEnd), error)
    }
  }

  static let sshMissing = CommandFailure(
    .noSupervisor, nil, "there is no ssh here",
    hints: ["The package openssh-client has it (on Fedora openssh-clients)."])

  /// Why there is no connection: what has ended the ssh.
  ///
  /// It, or the command over there, has said more.
  private func failure(_ end: ExitStatus?, _ error: any Error) -> CommandFailure {
    switch end {
    case .code(Self.sshFailed)?:
      CommandFailure(
        .noSupervisor, "\(host)", "ssh does not get there",
        hints: [
          "'ssh \(host.login)' tells why."
        ])
    case .code(Self.notFound)?: Self.programMissing(host)
    case .code(let code)?:
      CommandFailure(
        ExitCode(rawValue: code) ?? .noSupervisor, "\(host)", "no supervisor could be reached there")
    case .signal, .unknown, nil:
      CommandFailure(
        .noSupervisor, "\(host)", "no supervisor answers there: \(ErrorText.of(error).text.trimmed)")
    }
  }

  static func programMissing(_ host: FarHost) -> CommandFailure {
    CommandFailure(
      .noSupervisor, "\(host)", "there is no qemuvm in the PATH of a login by ssh",
      hints: ["Copy this one there, as /usr/local/bin/qemuvm."])
  }

  /// What ssh exits with when it fails itself; no command of ours does.
  static let sshFailed: Int32 = 255

  /// What a shell exits with for a command that it does not find.
  static let notFound: Int32 = 127

  /// How long one may take to end when its connection has.
  private static let timeToEnd = Duration.seconds(2)

  /// Those that this process has started.
  private static let processes = Mutex<[ChildProcess]>([])

  /// Waits until they have ended, once nothing is asked of them any more; one that does not end is ended.
  static func endAll() {
    for process in processes.withLock({ $0 }) where process.wait(until: .now + timeToEnd) == nil {
      process.signal(SIGTERM)
    }
  }
}
