internal import Control
internal import Glibc
internal import Host
internal import Synchronization

/// The host's program that makes disk images; qemu-img(1).
struct DiskTool: Sendable, Equatable {
  static let program = "qemu-img"

  /// What to do where it is missing.
  static let advice = "The package qemu-utils has it (on Fedora qemu-img)."

  /// How long it may take for what is written in a moment.
  static let patience = Duration.seconds(60)

  /// What is kept of what it says, in bytes.
  private static let longestWords = 4096

  let path: String

  /// The one in `PATH`, else the one that came with a QEMU; nil where there is none.
  static func find(beside emulator: String, environment: [String: String]) -> DiskTool? {
    let folders =
      (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map(String.init)
      + [FileSystem.parent(of: emulator)]
    return folders.lazy.map { DiskTool(path: "\($0)/\(program)") }.first { access($0.path, X_OK) == 0 }
  }

  /// Runs it to its end; throws what it says where that is none that was wanted.
  ///
  /// It blocks. Without a time it takes as long as it takes, and tells how far it is, in percent; a supervisor's end is
  /// then also its own, for nobody reads what it tells.
  func run(
    _ arguments: [String], for work: ImageWork, within time: Duration?, progress: (Double) -> Void = { _ in }
  ) throws(ImageFailure) {
    do {
      let output = try FileDescriptor.pipe()
      let errors = try FileDescriptor.pipe()
      var launch = ChildProcess.Launch(
        program: path, arguments: arguments, environment: ChildEnvironment.forQEMU)
      launch.descriptors = [1: output.writeEnd.rawValue, 2: errors.writeEnd.rawValue]
      launch.directory = "/"
      let process = try ChildProcess(launch)
      var said = ProbeOutput(output.takeReadEnd())
      var words = ProbeOutput(errors.takeReadEnd())
      let isWanted = work.begin(process)
      defer { work.end() }
      do {
        if isWanted { try Self.follow(process, &said, &words, within: time, progress) }
      } catch {
        _ = process.endGroup()
        throw error
      }
      let isLate = isWanted && !process.hasExited
      let status = isLate || !isWanted ? process.endGroup() : process.wait()
      if work.isCancelled { throw ImageFailure.cancelled }
      if isLate { throw ImageFailure.tool("\(Self.program) has not ended within \(time?.seconds ?? 0) s") }
      guard status != .code(0) else { return }
      throw ImageFailure.tool(Self.complaint(words.bytes) ?? "\(Self.program) ended with \(status)")
    } catch let error as ImageFailure {
      throw error
    } catch let error as SystemError {
      throw .system(error)
    } catch {
      throw .tool("\(error)")
    }
  }

  /// Returns when it has ended, or its time has.
  private static func follow(
    _ process: ChildProcess, _ said: inout ProbeOutput, _ words: inout ProbeOutput, within time: Duration?,
    _ progress: (Double) -> Void
  ) throws(SystemError) {
    let deadline = time.map { Instant.now + $0 }
    try said.setNonBlocking()
    try words.setNonBlocking()
    while true {
      let hasEnded = process.hasExited
      try said.drain(keeping: longestWords)
      try words.drain(keeping: longestWords)
      if let percent = percent(said.bytes) { progress(percent) }
      if hasEnded { return }
      var wait: Int32 = -1
      if let deadline {
        let rest = (deadline - .now).nanoseconds
        guard rest > 0 else { return }
        wait = Int32(clamping: (rest + 999_999) / 1_000_000)
      }
      var pollers = [
        said.poller, words.poller, pollfd(fd: process.exitDescriptor, events: Int16(POLLIN), revents: 0),
      ]
      _ = try retrying("poll") { poll(&pollers, nfds_t(pollers.count), wait) }
    }
  }

  /// The last `(12.50/100%)` among what it has said.
  private static func percent(_ said: [UInt8]) -> Double? {
    guard let start = said.lastIndex(of: UInt8(ascii: "(")) else { return nil }
    let number = said[(start + 1)...].prefix { $0 != UInt8(ascii: "/") }
    return number.count == said.count - start - 1 ? nil : Double(String(decoding: number, as: UTF8.self))
  }

  /// Its last line, without its own name.
  private static func complaint(_ bytes: [UInt8]) -> String? {
    let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").last.map(String.init)
    let head = program + ": "
    return line.map { $0.hasPrefix(head) ? String($0.dropFirst(head.count)) : $0 }
  }
}

/// Why a disk image was not made.
enum ImageFailure: Error, Sendable, Equatable {
  /// Nobody wants it any more.
  case cancelled
  case system(SystemError)

  /// What the program says.
  case tool(String)

  /// It would have less than what is on the image, in bytes.
  case tooSmall(asked: UInt64, least: UInt64)
}

/// The making of disk images as the one who asked for it sees it: it can be called off.
///
/// Any thread.
final class ImageWork: Sendable {
  private struct State {
    var isCancelled = false
    var process: ChildProcess?
    var percent: Double?
    var reached: (@Sendable (Double) -> Void)?
  }

  private let state = Mutex(State())

  var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// How far the copy of an image is, as `45 %`; nil where there is none.
  var words: String? { state.withLock { $0.percent }.map { "\(Int($0)) %" } }

  /// Called on the work's thread with how far it is, in percent.
  func onReach(_ reached: @escaping @Sendable (Double) -> Void) { state.withLock { $0.reached = reached } }

  /// The copy of an image is so far.
  func reach(_ percent: Double) {
    let reached = state.withLock { state in
      state.percent = percent
      return state.reached
    }
    reached?(percent)
  }

  func cancel() {
    let process = state.withLock { state in
      state.isCancelled = true
      return state.process
    }
    process?.signal(SIGKILL)
  }

  /// Whether what has been started is wanted still; false: it is to be ended.
  fileprivate func begin(_ process: ChildProcess) -> Bool {
    state.withLock { state in
      state.process = process
      return !state.isCancelled
    }
  }

  fileprivate func end() { state.withLock { $0.process = nil } }
}
