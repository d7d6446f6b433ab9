internal import Glibc
internal import Host

/// A checksum of bytes that come one after another, by the host's program for it; sha256sum(1).
///
/// Owned by one thread; it blocks. The program ends with this object, or with this process.
final class Checksum {
  /// The kinds there are.
  enum Kind: Sendable {
    case sha256
    case sha512

    fileprivate var program: String { self == .sha256 ? "sha256sum" : "sha512sum" }
    fileprivate var digits: Int { self == .sha256 ? 64 : 128 }

    /// As a person writes it.
    var name: String { self == .sha256 ? "SHA-256" : "SHA-512" }
  }

  private let kind: Kind
  private let process: ChildProcess
  private var input: FileDescriptor?
  private let output: FileDescriptor
  private var isReaped = false

  /// Starts the program, which is looked for in `PATH`.
  init(_ kind: Kind = .sha256, environment: [String: String]) throws {
    guard let path = HostProgram.find(kind.program, environment) else {
      throw JobFailure.failed("'\(kind.program)' is not found in PATH\n  The package coreutils has it.")
    }
    self.kind = kind
    let bytes = try FileDescriptor.pipe()
    let sum = try FileDescriptor.pipe()
    var launch = ChildProcess.Launch(program: path, arguments: [], environment: ["LC_ALL=C"])
    launch.descriptors = [0: bytes.readEnd.rawValue, 1: sum.writeEnd.rawValue]
    process = try ChildProcess(launch)
    input = try bytes.writeEnd.duplicate()
    output = sum.takeReadEnd()
    withExtendedLifetime(bytes) {}
  }

  deinit {
    guard !isReaped else { return }
    input = nil
    _ = process.endGroup()
  }

  func add(_ bytes: [UInt8]) throws(SystemError) {
    try input?.write(bytes)
  }

  /// The checksum of all that was added, in hexadecimal digits.
  func end() throws -> String {
    input = nil
    var text: [UInt8] = []
    while true {
      let piece = try output.read(upTo: 4096)
      if piece.isEmpty { break }
      text += piece
    }
    let status = process.wait()
    isReaped = true
    let word = String(decoding: text.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)
    guard status == .code(0), word.utf8.count == kind.digits else {
      throw JobFailure.failed("'\(kind.program)' gave no checksum: it ended with \(status)")
    }
    return word
  }
}
