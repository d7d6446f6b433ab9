import Dispatch
import Glibc
import Host

/// A program that a test has started, with pipes to its input and from its two outputs.
final class Program: Sendable {
  /// How a program ended and all that it printed.
  struct Outcome: Sendable {
    let command: String
    let status: ExitStatus
    let output: String
    let errors: String
    let duration: Duration

    /// The exit code, or nil after a signal.
    var code: Int32? {
      if case .code(let code) = status { code } else { nil }
    }
  }

  /// A program that did not end as it should.
  struct UnexpectedEnd: Error, CustomStringConvertible {
    let outcome: Outcome
    let expected: ExitStatus

    var description: String {
      """
      \(outcome.command): ended with \(outcome.status), not \(expected)
      stdout: \(outcome.output)
      stderr: \(outcome.errors)
      """
    }
  }

  /// A program that ended before it had said what was waited for.
  struct EarlyEnd: Error, CustomStringConvertible {
    let unheard: ByteStream.Unheard
    let outcome: Outcome

    var description: String {
      "\(outcome.command): ended with \(outcome.status), \(outcome.errors.debugDescription): \(unheard)"
    }
  }

  let process: ChildProcess
  let input: ByteStream
  let output: ByteStream
  let errors: ByteStream
  private let command: String
  private let started = Instant.now

  /// Starts it; `directory` is its working directory.
  init(_ program: String, _ arguments: [String], environment: [String], directory: String? = nil) throws {
    let standardInput = try FileDescriptor.pipe()
    let standardOutput = try FileDescriptor.pipe()
    let standardErrors = try FileDescriptor.pipe()
    var launch = ChildProcess.Launch(program: program, arguments: arguments, environment: environment)
    launch.directory = directory
    launch.descriptors = [
      0: standardInput.readEnd.rawValue, 1: standardOutput.writeEnd.rawValue,
      2: standardErrors.writeEnd.rawValue,
    ]
    process = try ChildProcess(launch)
    command = ([program] + arguments).joined(separator: " ")
    input = ByteStream(try standardInput.writeEnd.duplicate())
    output = ByteStream(standardOutput.takeReadEnd())
    errors = ByteStream(standardErrors.takeReadEnd())
  }

  func signal(_ number: Int32) { process.signal(number) }

  /// Reads its output up to and with the text and returns all of it; if it ends before, the error says how.
  func read(until text: String) async throws -> String {
    do {
      return try await output.read(until: text)
    } catch let error as ByteStream.Unheard where error.ended {
      throw EarlyEnd(unheard: error, outcome: try await end())
    }
  }

  /// Closes its input, and waits for the end of its outputs and of itself.
  ///
  /// A process that it leaves behind with one of its outputs makes this fail, as it would hang a shell's pipeline.
  func end(within patience: Duration = ByteStream.patience) async throws -> Outcome {
    await input.close()
    let process = process
    let patient = DispatchWorkItem { process.signal(SIGKILL) }
    DispatchQueue.global().asyncAfter(deadline: .now() + patience.seconds, execute: patient)
    defer { patient.cancel() }
    async let output = output.readToEnd(within: patience)
    async let errors = errors.readToEnd(within: patience)
    let (outputText, errorText) = (try await output, try await errors)
    let status = await offQueue { process.wait() }
    return Outcome(
      command: command, status: status, output: outputText, errors: errorText, duration: .now - started)
  }
}
