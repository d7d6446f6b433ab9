internal import Control
internal import Glibc
internal import Host

/// A program of the host's that does its work in a moment.
struct HostTool: Sendable, Equatable {
  /// Why one has not done its work.
  enum Failure: Error, Sendable, Equatable {
    case system(SystemError)

    /// It is not there.
    case missing(Kind)

    /// What it says.
    case words(String)
  }

  /// Which one, and where it is to be had.
  struct Kind: Sendable, Equatable {
    let program: String
    let advice: String

    /// xorriso(1).
    static let xorriso = Kind(program: "xorriso", advice: "The package xorriso has it.")

    /// ssh-keygen(1).
    static let keygen = Kind(
      program: "ssh-keygen", advice: "The package openssh-client has it (on Fedora openssh).")
  }

  /// How long it may take.
  static let patience = Duration.seconds(60)

  /// What is kept of what it says, in bytes.
  private static let longestWords = 4096

  let kind: Kind
  let path: String

  /// The one in `PATH`; nil where there is none.
  static func find(_ kind: Kind, environment: [String: String]) -> HostTool? {
    (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").lazy
      .map { HostTool(kind: kind, path: "\($0)/\(kind.program)") }.first { access($0.path, X_OK) == 0 }
  }

  /// Runs it to its end; throws its last words where that is none that was wanted.
  ///
  /// It blocks.
  func run(
    _ arguments: [String], adding variables: [String] = [], within patience: Duration = patience
  ) throws(Failure) {
    do {
      let output = try FileDescriptor.pipe()
      var launch = ChildProcess.Launch(
        program: path, arguments: arguments, environment: ChildEnvironment.forQEMU + variables)
      launch.descriptors = [1: output.writeEnd.rawValue, 2: output.writeEnd.rawValue]
      launch.directory = "/"
      let process = try ChildProcess(launch)
      var words = ProbeOutput(output.takeReadEnd())
      do throws(SystemError) {
        try Self.follow(process, &words, until: .now + patience)
      } catch {
        _ = process.endGroup()
        throw error
      }
      let isLate = !process.hasExited
      let status = isLate ? process.endGroup() : process.wait()
      if isLate { throw SystemError(kind.program, code: ETIMEDOUT) }
      if status == .code(0) { return }
      throw Failure.words(Self.lastLine(words.bytes) ?? "\(kind.program) ended with \(status)")
    } catch let error as Failure {
      throw error
    } catch let error as SystemError {
      throw .system(error)
    } catch {
      throw .words("\(error)")
    }
  }

  /// Returns when it has ended, or its time has.
  private static func follow(
    _ process: ChildProcess, _ words: inout ProbeOutput, until deadline: Instant
  ) throws(SystemError) {
    try words.setNonBlocking()
    while true {
      let hasEnded = process.hasExited
      try words.drain(keeping: longestWords)
      let rest = (deadline - .now).nanoseconds
      if hasEnded || rest <= 0 { return }
      var pollers = [words.poller, pollfd(fd: process.exitDescriptor, events: Int16(POLLIN), revents: 0)]
      let wait = Int32(clamping: (rest + 999_999) / 1_000_000)
      _ = try retrying("poll") { poll(&pollers, nfds_t(pollers.count), wait) }
    }
  }

  private static func lastLine(_ bytes: [UInt8]) -> String? {
    String(decoding: bytes, as: UTF8.self).split(separator: "\n").last.map(String.init)
  }
}
