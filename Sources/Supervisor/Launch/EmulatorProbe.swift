internal import Glibc
internal import Host
internal import JSON
internal import Machine
internal import QMP

/// A QEMU binary started without a machine, and asked what it is.
///
/// All it is asked, `quit` at the end, stands in its standard input before it starts: it ends by itself, also when the
/// supervisor is killed meanwhile. (From a socket whose other end is gone it would read nothing.)
struct EmulatorProbe {
  /// How long a binary may take to answer.
  private static let patience = Duration.seconds(30)

  let path: String

  /// Starts the binary and gives its answers; in words, why there are none.
  ///
  /// It blocks.
  func answers() throws(SystemError) -> Result<Emulator, Silence> {
    let questions = try FileDescriptor.pipe()
    let answers = try FileDescriptor.pipe()
    let errors = try FileDescriptor.pipe()
    for command in [QMPCapabilities.name, QueryMachines.name, Quit.name] {
      try questions.writeEnd.write(QMPLine.fromClient(QMPRequest(command, [:], id: .string(command)).json))
    }
    var launch = ChildProcess.Launch(
      program: path,
      arguments: [
        "-M", "none", "-nodefaults", "-no-user-config", "-display", "none", "-S",
        "-chardev", "stdio,id=mon,signal=off", "-mon", "chardev=mon,mode=control",
      ], environment: Launch.environment)
    launch.descriptors = [
      0: questions.readEnd.rawValue, 1: answers.writeEnd.rawValue, 2: errors.writeEnd.rawValue,
    ]
    let process = try ChildProcess(launch)
    let words = errors.takeReadEnd()
    _ = questions.takeReadEnd()
    let said = try Self.read(answers.takeReadEnd(), from: process)
    if process.wait(until: .now + Self.patience) == nil {
      process.signal(Signal.kill)
      _ = process.wait()
    }
    if let emulator = emulator(said) { return .success(emulator) }
    // Its own words, if it had any, say more than the silence that followed.
    let complaint = String(decoding: try words.read(upTo: 4096), as: UTF8.self)
    return .failure(
      Silence(
        description: complaint.split(separator: "\n").last.map(String.init)
          ?? "it does not answer on its monitor as QEMU does"))
  }

  struct Silence: Error {
    let description: String
  }

  /// All that it says until it ends; one that says nothing for too long is ended.
  private static func read(
    _ answers: consuming FileDescriptor, from process: ChildProcess
  ) throws(SystemError) -> [UInt8] {
    let deadline = Instant.now + patience
    var said: [UInt8] = []
    while true {
      var poller = pollfd(fd: answers.rawValue, events: Int16(POLLIN), revents: 0)
      let rest = Int32(clamping: max(0, (deadline - .now).nanoseconds / 1_000_000))
      guard try retrying("poll", nil, { poll(&poller, 1, rest) }) > 0 else {
        process.signal(Signal.kill)
        return said
      }
      let piece = try answers.read(upTo: 65536)
      if piece.isEmpty { return said }
      said += piece
    }
  }

  private func emulator(_ said: [UInt8]) -> Emulator? {
    var version: QMPVersion?
    var machines: [QueryMachines.MachineType]?
    for line in said.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
      switch line.withUnsafeBytes(QMPMessage.read) {
      case .success(.greeting(let greeting)): version = greeting.version
      case .success(.reply(let reply)) where reply.id?.string == QueryMachines.name:
        // Anything else than the list of machines is no answer.
        machines = (try? reply.result.get()).flatMap { try? QueryMachines.Reply(json: $0) }
      case .success, .failure: continue
      }
    }
    guard let version, let machines else { return nil }
    return Emulator(
      path: path,
      version: Emulator.Version(major: version.major, minor: version.minor, micro: version.micro),
      machines: machines.map {
        Emulator.MachineType(name: $0.name, alias: $0.alias, maxCPUs: $0.maximumCPUs)
      })
  }
}
