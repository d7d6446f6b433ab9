internal import Control
internal import Glibc
internal import Host
internal import Machine

/// Whether the disk images that a VM is to get can be made, as far as can be known before that.
///
/// It blocks.
struct NewImages: Sendable {
  private let images: [OwnImage]
  private let vm: VMName
  private let state: String

  /// What an overlay or a blank image takes in the beginning, in bytes.
  private static let beginning: Int64 = 1 << 20

  /// `found` has what is there, by path.
  init(_ images: [OwnImage], found: [String: DiskImage], _ vm: VMName, _ state: String) {
    self.images = images.filter { $0.needsTool(found[$0.path]) }
    self.vm = vm
    self.state = state
  }

  func check(_ tool: DiskTool?) throws(ControlError) {
    guard let first = images.first else { return }
    guard tool != nil else {
      throw .cannot(
        "start", vm, "\(first.key): its disk cannot be made: '\(DiskTool.program)' is not found in PATH",
        .file,
        advice: [DiskTool.advice])
    }
    for image in images {
      let own = FileSystem.parent(of: image.path)
      let folder = FileSystem.exists(own) ? own : state
      var needed = Self.beginning
      if case .copy(let base) = image.content { needed += Int64(clamping: base.found?.usedSize ?? 0) }
      // Where it cannot be told, it shows when the image is made.
      guard let free = FileSystem.freeBytes(at: folder), free < needed else { continue }
      throw .cannot(
        "start", vm,
        "\(image.key): its disk cannot be made: it takes \(Self.words(needed)), and \(folder) has \(Self.words(free)) left",
        .file, advice: ["Make room there ('df -h \(ShellText.quote(folder))')."])
    }
  }

  private static func words(_ bytes: Int64) -> String { "\(bytes >> 20)M" }
}

extension ImageFailure {
  /// What is said of a start that it has hindered; `key` is the disk's.
  func refusal(_ key: String, _ path: String, _ vm: VMName) -> ControlError {
    let (why, advice): (String, [String]) =
      switch self {
      case .cancelled: ("it is not wanted any more", [])
      case .system(let error): ("\(error)", Self.advice(on: error))
      case .tool(let words): (words, ["The file is \(path); 'df -h' tells whether there is room for it."])
      case .tooSmall(let asked, let least):
        (
          "the image has \(ByteCount(bytes: least)), and the disk would have \(ByteCount(bytes: asked))",
          ["Write \(ByteCount(bytes: least)) or more, or no size."]
        )
      }
    return .cannot("start", vm, "\(key): its disk cannot be made: \(why)", .file, advice: advice)
  }

  private static func advice(on error: SystemError) -> [String] {
    [ENOSPC, EDQUOT].contains(error.code) ? ["Make room there, and start it again."] : []
  }
}
