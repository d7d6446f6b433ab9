internal import Control
internal import Glibc
internal import Host

/// The host's program that downloads; curl(1).
///
/// Any thread; it blocks. What it is to do it reads from its standard input: an address may let somebody in, and its
/// arguments can be read by everybody.
struct Curl: Sendable {
  static let program = "curl"

  /// What to do where it is missing.
  static let advice = "The package curl has it."

  /// What is to be downloaded, from which byte on.
  struct Request: Sendable {
    let url: String
    let allowsHTTP: Bool
    var offset: Int64 = 0
  }

  /// How it ended, other than well.
  struct Failure: Error, Sendable {
    /// curl's own number for it; nil where it was ended by a signal.
    let code: Int32?
    let words: String

    /// Whether the same may go well a moment later: a connection that was cut, or that brought nothing for a while.
    var isPassing: Bool { code.map { [16, 18, 28, 52, 55, 56, 92].contains($0) } ?? false }

    /// The server does not go on in the middle of a file.
    var isWithoutRanges: Bool { code == 33 }
  }

  /// What is kept of what it says, in bytes.
  private static let longestWords = 4096
  private static let pieceSize = 1 << 16

  let path: String

  /// A file with further options, which come first; nil where there is none.
  let options: String?

  /// The one in `PATH`; nil where there is none.
  static func find(_ environment: [String: String], options: String? = nil) -> Curl? {
    HostProgram.find(program, environment).map { Curl(path: $0, options: options) }
  }

  /// Gives the bytes away as they come, each with what the server says of the whole.
  ///
  /// Throws a `Failure`, what `take` throws, or that nobody wants it any more.
  func run(
    _ request: Request, _ task: JobTask, take: (_ piece: [UInt8], _ reply: HTTPReply) throws -> Void
  ) throws {
    let input = try FileDescriptor.pipe()
    let output = try FileDescriptor.pipe()
    let errors = try FileDescriptor.pipe()
    let headers = try FileDescriptor.pipe()
    // A pipe has room for more.
    try input.writeEnd.write(Array(Self.configuration(request).utf8))
    var launch = ChildProcess.Launch(
      program: path, arguments: ["-q"] + (options.map { ["--config", $0] } ?? []) + ["--config", "-"],
      environment: ChildEnvironment.forQEMU)
    launch.descriptors = [
      0: input.readEnd.rawValue, 1: output.writeEnd.rawValue, 2: errors.writeEnd.rawValue,
      3: headers.writeEnd.rawValue,
    ]
    launch.directory = "/"
    let process = try ChildProcess(launch)
    // They are closed here before it is read from them: their ends are then its own.
    Self.close(input)
    var streams = Streams(
      output: output.takeReadEnd(), words: ProbeOutput(errors.takeReadEnd()),
      headers: ProbeOutput(headers.takeReadEnd()))
    task.onCancel { process.signal(SIGKILL) }
    defer { task.onCancel(nil) }
    do {
      try streams.follow(take)
    } catch {
      _ = process.endGroup()
      throw error
    }
    let status = process.wait()
    if task.isCancelled { throw JobFailure.cancelled }
    guard status != .code(0) else { return }
    let code: Int32? = if case .code(let code) = status { code } else { nil }
    throw Failure(code: code, words: Self.complaint(streams.said) ?? "\(Self.program) ended with \(status)")
  }

  private static func close(_ pipe: consuming Pipe) {}

  /// Its options; no address has a character that means something to it there.
  private static func configuration(_ request: Request) -> String {
    let protocols = request.allowsHTTP ? "=http,https" : "=https"
    var lines = [
      "url = \"\(request.url)\"", "proto = \"\(protocols)\"", "proto-redir = \"\(protocols)\"", "fail",
      "silent",
      "show-error", "no-buffer", "location", "max-redirs = 10", "globoff", "connect-timeout = 30",
      "speed-limit = 1",
      "speed-time = 60", "dump-header = \"/dev/fd/3\"",
    ]
    if request.offset > 0 { lines.append("continue-at = \(request.offset)") }
    return lines.joined(separator: "\n") + "\n"
  }

  /// What it says of a failure, without its own name and number; advice of its own may stand behind that.
  private static func complaint(_ bytes: [UInt8]) -> String? {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    guard let line = lines.last(where: { $0.hasPrefix("\(program): (") }), let end = line.firstIndex(of: ")")
    else { return lines.last.map(String.init) }
    return String(line[line.index(after: end)...].drop { $0 == " " })
  }

  /// What it writes, until the last of it has ended.
  private struct Streams: ~Copyable {
    private let output: FileDescriptor
    private var words: ProbeOutput
    private var headers: ProbeOutput
    private var hasEnded = false

    var said: [UInt8] { words.bytes }

    init(output: consuming FileDescriptor, words: consuming ProbeOutput, headers: consuming ProbeOutput) {
      self.output = output
      self.words = words
      self.headers = headers
    }

    mutating func follow(_ take: ([UInt8], HTTPReply) throws -> Void) throws {
      try output.setNonBlocking()
      try words.setNonBlocking()
      try headers.setNonBlocking()
      while true {
        // What the server says of a piece is there before the piece.
        let piece = try nextPiece()
        try words.drain(keeping: longestWords)
        try headers.drain(keeping: pieceSize)
        if let piece, !piece.isEmpty { try take(piece, HTTPReply(headers.bytes)) }
        if piece != nil { continue }
        var pollers = [
          pollfd(fd: hasEnded ? -1 : output.rawValue, events: Int16(POLLIN), revents: 0), words.poller,
          headers.poller,
        ]
        if pollers.allSatisfy({ $0.fd < 0 }) { return }
        _ = try retrying("poll") { poll(&pollers, nfds_t(pollers.count), -1) }
      }
    }

    /// The next bytes; nil when there are none now, or none any more.
    private mutating func nextPiece() throws(SystemError) -> [UInt8]? {
      guard !hasEnded else { return nil }
      do throws(SystemError) {
        let piece = try output.read(upTo: pieceSize)
        hasEnded = piece.isEmpty
        return hasEnded ? nil : piece
      } catch {
        if error.code == EAGAIN { return nil }
        throw error
      }
    }
  }
}

/// What a server says of what it sends: the last of its replies, behind all that lead elsewhere.
package struct HTTPReply: Sendable, Equatable {
  package private(set) var status = 0

  /// How many bytes follow; nil where it does not say.
  package private(set) var length: Int64?

  package init(_ head: [UInt8]) {
    for line in String(decoding: head, as: UTF8.self).split(whereSeparator: \.isNewline) {
      let line = line.lowercased()
      if line.hasPrefix("http/") {
        status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        length = nil
      } else if let colon = line.firstIndex(of: ":"), line[..<colon] == "content-length" {
        length = Int64(line[line.index(after: colon)...].filter { !$0.isWhitespace })
      }
    }
  }
}

/// Programs of the host, by their names.
enum HostProgram {
  /// Where one is, as `PATH` says.
  static func find(_ name: String, _ environment: [String: String]) -> String? {
    (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").lazy.map { "\($0)/\(name)" }
      .first { access($0, X_OK) == 0 }
  }
}
