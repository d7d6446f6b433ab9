internal import Control
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
  static let patience = Duration.seconds(30)

  /// What QEMU's answers have at the most, in bytes; the longest known are 60 KB.
  private static let longestAnswers = 4 << 20

  /// What of its stderr is kept, in bytes.
  private static let longestComplaint = 4096

  let path: String

  /// Starts the binary and gives its answers; in words, why there are none.
  ///
  /// It blocks. Whatever the binary is, it takes no longer than the patience and no more memory than its answers, and
  /// leaves no process of its group behind.
  func answers() throws(SystemError) -> Result<Emulator, ProbeFailure> {
    let questions = try FileDescriptor.pipe()
    let answers = try FileDescriptor.pipe()
    let errors = try FileDescriptor.pipe()
    for command in [QMPCapabilities.name, QueryCPUDefinitions.name, QueryMachines.name, Quit.name] {
      try questions.writeEnd.write(QMPLine.fromClient(QMPRequest(command, [:], id: .string(command)).json))
    }
    var launch = ChildProcess.Launch(
      program: path,
      arguments: [
        "-M", "none", "-nodefaults", "-no-user-config", "-display", "none", "-S",
        "-chardev", "stdio,id=mon,signal=off", "-mon", "chardev=mon,mode=control",
      ], environment: ChildEnvironment.forQEMU)
    launch.descriptors = [
      0: questions.readEnd.rawValue, 1: answers.writeEnd.rawValue, 2: errors.writeEnd.rawValue,
    ]
    let process = try ChildProcess(launch)
    var said = ProbeOutput(answers.takeReadEnd())
    var words = ProbeOutput(errors.takeReadEnd())
    _ = questions.takeReadEnd()
    let excess: String?
    do throws(SystemError) {
      excess = try Self.read(&said, &words, from: process)
    } catch {
      _ = process.endGroup()
      throw error
    }
    let status = process.endGroup()
    if let excess { return .failure(ProbeFailure(description: excess)) }
    if let emulator = emulator(said.bytes) { return .success(emulator) }
    // Its own words, if it had any, say more than the silence that followed.
    let complaint = String(decoding: words.bytes, as: UTF8.self).split(separator: "\n").last.map(String.init)
    return .failure(
      ProbeFailure(
        description: complaint ?? "\(Self.words(status)) and did not answer on its monitor as QEMU does"))
  }

  private static func words(_ status: ExitStatus) -> String {
    switch status {
    case .code(let code): "it exited with code \(code)"
    case .signal(let number): "it was killed by signal \(number) (\(Signal.name(number)))"
    case .unknown: "it ended"
    }
  }

  struct ProbeFailure: Error {
    let description: String
  }

  /// Reads all that it says until it has ended; in words, what it did instead of ending.
  ///
  /// A process that it leaves behind may keep its outputs open: what it has said is there when it has ended.
  private static func read(
    _ said: inout ProbeOutput, _ words: inout ProbeOutput, from process: ChildProcess
  ) throws(SystemError) -> String? {
    let deadline = Instant.now + patience
    try said.setNonBlocking()
    try words.setNonBlocking()
    while true {
      let hasEnded = process.hasExited
      try said.drain(upTo: longestAnswers)
      // What comes beyond is dropped; its last line is what counts.
      try words.drain(keeping: longestComplaint)
      if said.bytes.count > longestAnswers {
        return "it writes without end to its standard output, where QEMU's monitor was to answer"
      }
      if hasEnded { return nil }
      let rest = (deadline - .now).nanoseconds
      guard rest > 0 else { return "it did not answer within \(patience.seconds) s" }
      var pollers = [
        said.poller, words.poller, pollfd(fd: process.exitDescriptor, events: Int16(POLLIN), revents: 0),
      ]
      let wait = Int32(clamping: (rest + 999_999) / 1_000_000)
      _ = try retrying("poll") { poll(&pollers, nfds_t(pollers.count), wait) }
    }
  }

  private func emulator(_ said: [UInt8]) -> Emulator? {
    var version: QMPVersion?
    var machines: [QueryMachines.MachineType]?
    var models: [QueryCPUDefinitions.Model] = []
    for line in said.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
      switch line.withUnsafeBytes(QMPMessage.read) {
      case .success(.greeting(let greeting)): version = greeting.version
      case .success(.reply(let reply)) where reply.id?.string == QueryMachines.name:
        // Anything else than the list of machines is no answer.
        machines = (try? reply.result.get()).flatMap { try? QueryMachines.Reply(json: $0) }
      case .success(.reply(let reply)) where reply.id?.string == QueryCPUDefinitions.name:
        // One of another architecture may not tell.
        models = (try? reply.result.get()).flatMap { try? QueryCPUDefinitions.Reply(json: $0) } ?? []
      case .success, .failure: continue
      }
    }
    guard let version, let machines else { return nil }
    return Emulator(
      path: path,
      version: Emulator.Version(major: version.major, minor: version.minor, micro: version.micro),
      machines: machines.map {
        Emulator.MachineType(name: $0.name, alias: $0.alias, maxCPUs: $0.maximumCPUs)
      }, cpuModels: Set(models.map(\.name)))
  }
}
