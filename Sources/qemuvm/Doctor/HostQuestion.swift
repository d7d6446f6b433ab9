internal import Control
internal import Glibc
internal import Host

/// A program of the host's that is asked something and answers in a moment.
struct HostQuestion: Sendable {
  /// How long it may take.
  static let patience = Duration.seconds(5)

  /// What is kept of what it says, in bytes.
  private static let longestAnswer = 1 << 16

  let program: String
  let arguments: [String]

  /// What it says on both its outputs; nil where it does not answer in time, or cannot be started.
  ///
  /// It blocks.
  func answer() -> String? {
    // Without descriptors nothing is asked.
    guard let output = try? FileDescriptor.pipe() else { return nil }
    var launch = ChildProcess.Launch(
      program: program, arguments: arguments, environment: ChildEnvironment.forQEMU)
    launch.descriptors = [1: output.writeEnd.rawValue, 2: output.writeEnd.rawValue]
    launch.directory = "/"
    // What cannot be started has no answer; that it is there, its finding says.
    guard let process = try? ChildProcess(launch) else { return nil }
    var words = ProbeOutput(output.takeReadEnd())
    return AskedPrograms.ask(process) { Self.answer(of: process, &words) }
  }

  private static func answer(of process: ChildProcess, _ words: inout ProbeOutput) -> String? {
    let deadline = Instant.now + patience
    while true {
      let hasEnded = process.hasExited
      // A pipe that cannot be read has said what it had to say.
      guard (try? words.setNonBlocking()) != nil, (try? words.drain(upTo: longestAnswer)) != nil else {
        break
      }
      let rest = (deadline - .now).nanoseconds
      if hasEnded || rest <= 0 || words.bytes.count > longestAnswer { break }
      var pollers = [words.poller, pollfd(fd: process.exitDescriptor, events: Int16(POLLIN), revents: 0)]
      _ = poll(&pollers, nfds_t(pollers.count), Int32(clamping: rest / 1_000_000 + 1))
    }
    let isLate = !process.hasExited
    _ = process.endGroup()
    return isLate ? nil : String(decoding: words.bytes, as: UTF8.self)
  }
}
