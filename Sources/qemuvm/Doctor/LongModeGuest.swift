internal import Control
internal import Glibc
internal import Host
internal import JSON
internal import Machine

/// A guest of some hundred bytes that goes a 64-bit system's first steps, run once by a QEMU under an accelerator.
///
/// There are hosts where `/dev/kvm` opens, firmware runs, and every 64-bit system hangs.
struct LongModeGuest {
  /// How long it may take; it takes a tenth of a second.
  static let patience = Duration.seconds(10)

  /// How far it has come.
  enum Course: Sendable, Equatable {
    case done

    /// The CPU that it sees has no 64-bit mode.
    case without

    /// What it has done, and how it ended instead of going on.
    case stuck(after: String?, how: String)
  }

  let qemu: String
  let accelerator: String
  let cpu: String

  /// Runs it to its end, which is a QEMU's end, too; it blocks.
  func course() throws(SystemError) -> Course {
    let rom = try Self.rom()
    let serial = try FileDescriptor.pipe()
    let errors = try FileDescriptor.pipe()
    let monitor = try UnixSocket.pair()
    var launch = ChildProcess.Launch(
      program: qemu,
      arguments: [
        "-no-user-config", "-nodefaults", "-display", "none", "-no-reboot", "-S", "-machine",
        "q35,accel=\(accelerator)", "-cpu", cpu, "-m", "16", "-bios", "/proc/self/fd/4",
        "-chardev", "socket,id=monitor,fd=3", "-mon", "chardev=monitor,mode=control",
        "-chardev", "stdio,id=serial,signal=off", "-serial", "chardev:serial",
      ], environment: ChildEnvironment.forQEMU)
    launch.descriptors = [
      1: serial.writeEnd.rawValue, 2: errors.writeEnd.rawValue, 3: monitor.second.rawValue, 4: rom.rawValue,
    ]
    launch.directory = "/"
    let process = try ChildProcess(launch)
    withExtendedLifetime(rom) {}
    let ours = monitor.takeFirst()
    var said = ProbeOutput(serial.takeReadEnd())
    var words = ProbeOutput(errors.takeReadEnd())
    do throws(SystemError) {
      // QEMU tells what happens to it once its greeting is answered: before that the guest does not run.
      try ours.write(Array(#"{"execute":"qmp_capabilities"}{"execute":"cont"}"#.utf8))
    } catch {
      _ = process.endGroup()
      throw error
    }
    var events = ProbeOutput(ours)
    return try AskedPrograms.ask(process) { () throws(SystemError) in
      try Self.course(of: process, &said, &words, &events)
    }
  }

  private static func course(
    of process: ChildProcess, _ said: inout ProbeOutput, _ words: inout ProbeOutput,
    _ events: inout ProbeOutput
  ) throws(SystemError) -> Course {
    do throws(SystemError) {
      let end = try follow(process, &said, &words, &events)
      let status = process.endGroup()
      return course(said.bytes, end, status, words.bytes)
    } catch {
      _ = process.endGroup()
      throw error
    }
  }

  /// Why nobody listens to it any more.
  private enum End {
    case spoken
    case stopped
    case exited
    case late
  }

  private static let last: [UInt8] = [UInt8(ascii: "."), UInt8(ascii: "-")]

  private static func follow(
    _ process: ChildProcess, _ said: inout ProbeOutput, _ words: inout ProbeOutput,
    _ events: inout ProbeOutput
  ) throws(SystemError) -> End {
    let deadline = Instant.now + patience
    try said.setNonBlocking()
    try words.setNonBlocking()
    try events.setNonBlocking()
    while true {
      let hasEnded = process.hasExited
      try said.drain(keeping: 64)
      try words.drain(keeping: 8192)
      try events.drain(keeping: 65_536)
      if said.bytes.contains(where: last.contains) { return .spoken }
      if hasEnded { return .exited }
      if hasStopped(events.bytes) { return .stopped }
      let rest = (deadline - .now).nanoseconds
      if rest <= 0 { return .late }
      var pollers = [
        said.poller, words.poller, events.poller,
        pollfd(fd: process.exitDescriptor, events: Int16(POLLIN), revents: 0),
      ]
      let wait = Int32(clamping: (rest + 999_999) / 1_000_000)
      _ = try retrying("poll") { poll(&pollers, nfds_t(pollers.count), wait) }
    }
  }

  /// Whether QEMU has told that it lets the guest run no further.
  private static func hasStopped(_ told: [UInt8]) -> Bool {
    told.split(separator: UInt8(ascii: "\n")).contains { line in
      // What is no JSON is half a line.
      (try? JSONValue(parsing: Array(line)))?["event"]?.string == "STOP"
    }
  }

  private static func course(
    _ said: [UInt8], _ end: End, _ status: ExitStatus, _ words: [UInt8]
  ) -> Course {
    let letters = String(decoding: said, as: UTF8.self)
    if letters.contains(".") { return .done }
    if letters.contains("-") { return .without }
    let lines = String(decoding: words, as: UTF8.self).split(separator: "\n")
    let complaint =
      lines.isEmpty ? "" : ": " + lines.prefix(2).map { $0.drop(endingWith: ".") }.joined(separator: "; ")
    let how =
      switch end {
      case .spoken, .late: "it has hung for \(patience.components.seconds) s"
      case .stopped: "QEMU stopped it\(complaint)"
      case .exited: "QEMU \(Self.words(status))\(complaint)"
      }
    return .stuck(after: letters.last.flatMap { steps[$0] }, how: how)
  }

  private static func words(_ status: ExitStatus) -> String {
    switch status {
    case .code(let code): "ended with code \(code)"
    case .signal(let number): "died of signal \(number) (\(Signal.name(number)))"
    case .unknown: "ended"
    }
  }

  /// What each letter says that it has done.
  private static let steps: [Character: String] = [
    "L": "it has reached 64-bit mode, and takes no exception there",
    "X": "it has reached 64-bit mode, and takes no page fault there",
    "P": "it has reached 64-bit mode, and SSE2 does not work there",
  ]

  /// A file that has no name, with its code.
  private static func rom() throws(SystemError) -> FileDescriptor {
    var path = Array("/tmp/qemuvm-doctor-XXXXXX".utf8CString)
    let number = try retrying("mkstemp") { mkstemp(&path) }
    unlink(path)
    let file = FileDescriptor(owning: number)
    try file.write(FirmwareROM.image(of: BuiltinProfiles.longModeGuest))
    return file
  }
}
