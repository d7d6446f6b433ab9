import Glibc
import Host

/// A program on a pseudoterminal, as a person at a terminal has it; corresponds to openpty(3).
final class Terminal: Sendable {
  let process: ChildProcess

  /// What the person sees and types.
  let screen: ByteStream

  /// The program's side, kept open so that the terminal's settings can be read when the program has ended.
  private let line: FileDescriptor

  init(_ program: String, _ arguments: [String], environment: [String], directory: String) throws {
    var (person, terminal): (Int32, Int32) = (-1, -1)
    _ = try retrying("openpty") { openpty(&person, &terminal, nil, nil, nil) }
    let side = FileDescriptor(owning: person)
    line = FileDescriptor(owning: terminal)
    var launch = ChildProcess.Launch(program: program, arguments: arguments, environment: environment)
    launch.directory = directory
    launch.descriptors = [0: terminal, 1: terminal, 2: terminal]
    process = try ChildProcess(launch)
    screen = ByteStream(side)
  }

  /// Whether the terminal hands each byte over as typed, with no editing, echo or signals: raw mode.
  var isRaw: Bool {
    get throws {
      let flags = try settings().c_lflag
      return flags & tcflag_t(ICANON | ECHO | ISIG) == 0
    }
  }

  /// The settings as one value to compare.
  func settingsText() throws -> String {
    let now = try settings()
    return "\(now.c_iflag) \(now.c_oflag) \(now.c_cflag) \(now.c_lflag)"
  }

  func end() async -> ExitStatus {
    let process = process
    return await offQueue { process.wait() }
  }

  private func settings() throws -> termios {
    var settings = termios()
    let number = line.rawValue
    _ = try retrying("tcgetattr") { tcgetattr(number, &settings) }
    return settings
  }
}
