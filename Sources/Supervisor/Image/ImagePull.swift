internal import Control
internal import Glibc
internal import Host
internal import Machine
internal import Synchronization

/// Who wants an image downloaded.
enum PullUser: Sendable {
  case person
  case virtualMachine
}

/// How far a download is, for all who wait for it; any thread.
final class PullCourse: Sendable {
  private struct State {
    var percent: Int64?
    var moved: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())

  /// Nil where the server does not say how much will come.
  var percent: Int64? { state.withLock { $0.percent } }

  /// Called on the work's thread with each tenth part that has come.
  func onMove(_ moved: @escaping @Sendable () -> Void) { state.withLock { $0.moved = moved } }

  func reach(_ current: Int64, of total: Int64) {
    guard total > 0 else { return }
    let percent = current * 100 / total
    let moved = state.withLock { state in
      let isFurther = state.percent.map { $0 / 10 != percent / 10 } ?? true
      state.percent = percent
      return isFurther ? state.moved : nil
    }
    moved?()
  }
}

/// Downloads an image into the store: the work of `image-pull`.
///
/// What comes is written to a file of its own, which stays when the download is cut off, and from which the next one
/// goes on. It becomes an image when it is what its checksum says, and not before. It blocks.
struct ImagePull: Sendable {
  /// What has come; `draft` is its file, and nil where the store has that content already.
  struct Pulled: Sendable {
    let draft: String?
    let content: ImageImport.Content
  }

  /// More than this no publisher's list has, in bytes.
  private static let longestList = 1 << 20

  let image: RemoteImage
  let store: ImageStore
  let environment: [String: String]

  /// A file with further options for curl; nil where there is none.
  let curlOptions: String?
  let course: PullCourse

  private var reading: ImageReading { ImageReading(environment: environment) }

  /// Which programs it needs that the host does not have, in words with the way out; nil where none.
  static func missingProgram(for image: RemoteImage, _ environment: [String: String]) -> String? {
    if Curl.find(environment) == nil { return "'\(Curl.program)' is not found in PATH\n  \(Curl.advice)" }
    guard let packing = image.packing, HostProgram.find(packing.rawValue, environment) == nil else {
      return nil
    }
    return "'\(packing.rawValue)' is not found in PATH\n  The package \(packing.package) has it."
  }

  func run(_ task: JobTask) throws -> Pulled {
    guard let curl = Curl.find(environment, options: curlOptions),
      Self.missingProgram(for: image, environment) == nil
    else {
      throw JobFailure.failed(Self.missingProgram(for: image, environment) ?? Curl.advice)
    }
    let (kind, expected) = try checksum(curl, task)
    if image.packing == nil, kind == .sha256, FileSystem.isPresent(store.content(expected)) {
      return Pulled(draft: nil, content: try content(store.content(expected), expected))
    }
    let partial = store.partial(of: image)
    try download(curl, kind, expected, to: partial, task)
    do {
      if let packing = image.packing { return try unpack(partial, packing, task) }
      let sum = kind == .sha256 ? expected : try checksum(.sha256, ofFile: partial, task)
      return Pulled(draft: partial, content: try content(partial, sum))
    } catch let error as JobFailure where error != .cancelled {
      // It is what its publisher has, and no image: the next download would find the same.
      _ = try? FileSystem.remove(partial)
      throw error
    }
  }

  private func content(_ file: String, _ sha256: String) throws -> ImageImport.Content {
    let format = try ImageFormat.check(file, called: image.imageName)
    return ImageImport.Content(sha256: sha256, format: format, size: FileSystem.size(of: file))
  }

  private func checksum(_ kind: Checksum.Kind, ofFile path: String, _ task: JobTask) throws -> String {
    let file = try FileDescriptor.open(path, O_RDONLY)
    return try reading.checksum(kind, of: file, task)
  }

  // MARK: What it is compared with

  private func checksum(_ curl: Curl, _ task: JobTask) throws -> (Checksum.Kind, String) {
    switch image.checksum {
    case .sha256(let digits): return (.sha256, digits)
    case .sha512(let digits): return (.sha512, digits)
    case .list(let url):
      let shown = RemoteImage.shown(url)
      var bytes: [UInt8] = []
      do {
        try curl.run(Curl.Request(url: url, allowsHTTP: false), task) { piece, _ in
          bytes += piece
          guard bytes.count <= Self.longestList else {
            throw JobFailure.failed("what is at \(shown) is longer than any list of checksums")
          }
        }
      } catch let failure as Curl.Failure {
        throw failure.failure(of: shown)
      }
      do throws(ChecksumList.Fault) {
        switch try ChecksumList(bytes).checksum(of: image.fileName) {
        case .sha512(let digits): return (.sha512, digits)
        case .sha256(let digits), .list(let digits): return (.sha256, digits)
        }
      } catch {
        throw JobFailure.failed(
          "\(shown) \(error.words) '\(image.fileName)'\n  Look there which files the publisher has now.")
      }
    }
  }

  // MARK: The download

  /// Lets the partial file be the whole, and what its checksum says.
  private func download(
    _ curl: Curl, _ kind: Checksum.Kind, _ expected: String, to partial: String, _ task: JobTask
  ) throws {
    let file = try FileDescriptor.open(partial, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK)
    var start = try file.size()
    do {
      while true {
        if try fetch(curl, file, from: start, task) {
          try file.sync()
          let sum = try reading.checksum(kind, of: file, task)
          if sum == expected { break }
          guard start > 0 else {
            throw JobFailure.failed(
              """
              the \(kind.name) of what came from \(image.shown) is \(sum), not \(expected): it is not taken
                Compare the checksum with the publisher's: one that replaces an image has another for it.
              """)
          }
        }
        // What there was is of another file, or the server begins at the beginning only.
        try file.truncate(to: 0)
        start = 0
      }
    } catch {
      // Where that cannot be told it is kept.
      let isKept = Self.isWorthKeeping(error) && (try? file.size()) != 0
      if !isKept {
        // One that stays is what the next download goes on from, and is found out then.
        _ = try? FileSystem.remove(partial)
      }
      throw (error as? Curl.Failure)?.failure(of: image.shown, isKept: isKept) ?? error
    }
    withExtendedLifetime(file) {}
  }

  /// A connection that broke, or a user who may want it later; what fills the disk goes, and what is wrong.
  private static func isWorthKeeping(_ error: any Error) -> Bool {
    switch error {
    case is Curl.Failure: true
    case let failure as JobFailure: failure == .cancelled
    default: false
    }
  }

  /// Downloads from a place on, and goes on where the connection breaks as long as each brings something; false where
  /// the server does not go on there.
  private func fetch(
    _ curl: Curl, _ file: borrowing FileDescriptor, from start: Int64, _ task: JobTask
  ) throws -> Bool {
    var place = start
    while true {
      let before = place
      var total: Int64 = 0
      do {
        try curl.run(Curl.Request(url: image.url, allowsHTTP: image.allowsHTTP, offset: before), task) {
          piece, reply in
          if place == before, let length = reply.length {
            total = before + length
            try checkSpace(for: length)
          }
          try file.write(piece, at: place)
          place += Int64(piece.count)
          try task.reach(place, of: max(total, place))
          course.reach(place, of: total)
        }
        return true
      } catch let failure as Curl.Failure {
        if failure.isWithoutRanges, before > 0 {
          if before == start { return false }
          try file.truncate(to: 0)
          place = 0
        } else if !failure.isPassing || place == before {
          throw failure
        }
      }
    }
  }

  private func checkSpace(for length: Int64) throws {
    let folder = FileSystem.parent(of: store.partial(of: image))
    // Where it cannot be told, it shows when it is full.
    guard let free = FileSystem.freeBytes(at: folder), free < length else { return }
    throw JobFailure.failed(
      "it takes \(length >> 20)M, and \(folder) has \(free >> 20)M left\n  "
        + "Make room there ('df -h \(ShellText.quote(folder))').")
  }

  // MARK: What is packed

  /// Unpacks it beside; what has come is not needed then any more.
  private func unpack(_ partial: String, _ packing: RemoteImage.Packing, _ task: JobTask) throws -> Pulled {
    guard let program = HostProgram.find(packing.rawValue, environment) else {
      throw JobFailure.failed(Self.missingProgram(for: image, environment) ?? packing.package)
    }
    let draft = store.draft(of: image.id)
    do {
      let sum = try unpack(partial, to: draft, program, task)
      let pulled = Pulled(draft: draft, content: try content(draft, sum))
      // One that stays costs room, until the next download of the same.
      _ = try? FileSystem.remove(partial)
      return pulled
    } catch {
      // One that stays is removed by the next supervisor.
      _ = try? FileSystem.remove(draft)
      throw error
    }
  }

  private func unpack(_ partial: String, to draft: String, _ program: String, _ task: JobTask) throws
    -> String
  {
    let source = try FileDescriptor.open(partial, O_RDONLY)
    let target = try FileDescriptor.open(draft, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW)
    let output = try FileDescriptor.pipe()
    var launch = ChildProcess.Launch(
      program: program, arguments: ["-d", "-c"], environment: ChildEnvironment.forQEMU)
    launch.descriptors = [0: source.rawValue, 1: output.writeEnd.rawValue]
    launch.directory = "/"
    let process = try ChildProcess(launch)
    let unpacked = output.takeReadEnd()
    task.onCancel { process.signal(SIGKILL) }
    defer { task.onCancel(nil) }
    let sum = try Checksum(environment: environment)
    var place: Int64 = 0
    do {
      while true {
        let piece = try unpacked.read(upTo: 1 << 16)
        if piece.isEmpty { break }
        if !piece.allSatisfy({ $0 == 0 }) { try target.write(piece, at: place) }
        try sum.add(piece)
        place += Int64(piece.count)
        try task.advance()
      }
      try target.truncate(to: place)
    } catch {
      _ = process.endGroup()
      throw error
    }
    let status = process.wait()
    withExtendedLifetime(source) {}
    if task.isCancelled { throw JobFailure.cancelled }
    guard status == .code(0) else {
      throw JobFailure.failed(
        "'\(image.fileName)' cannot be unpacked: \(FileSystem.name(of: program)) ended with \(status)")
    }
    try target.sync()
    return try sum.end()
  }
}

extension RemoteImage.Packing {
  /// The package of Debian that has the program.
  fileprivate var package: String { self == .xz ? "xz-utils" : rawValue }
}

extension ChecksumList.Fault {
  fileprivate var words: String {
    switch self {
    case .absent: "has no checksum for"
    case .weak: "has no SHA-256 or SHA-512, only weaker checksums, for"
    case .ambiguous: "has two different checksums for"
    }
  }
}

extension Curl.Failure {
  /// What is said of a download that has failed.
  fileprivate func failure(of url: String, isKept: Bool = false) -> JobFailure {
    var lines = ["\(url) cannot be downloaded: \(words)"]
    switch code {
    case 6, 7: lines.append("Look whether the host reaches the network ('curl -I \(url)').")
    case 22: lines.append("Look there which files the publisher has now.")
    case 35, 60, 77:
      lines.append("The certificates that are trusted are those of the package ca-certificates.")
    default: break
    }
    if isKept { lines.append("What has come is kept: the next download goes on there.") }
    return .failed(lines.joined(separator: "\n  "))
  }
}
