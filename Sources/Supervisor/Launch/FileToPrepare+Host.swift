internal import Host
internal import Machine

extension FileToPrepare {
  /// Makes the file, with its folder, unless it is as it should be: then also a full disk keeps nobody from starting.
  ///
  /// Blocks. Images and the disk for cloud-init are made elsewhere: they take programs.
  func prepare() throws(SystemError) {
    switch self {
    case .image, .firstBoot: break
    case .folder(let path): try FileSystem.makeDirectory(path)
    case .absent(let path):
      try FileSystem.makeDirectory(FileSystem.parent(of: path))
      _ = try FileSystem.remove(path)
    case .write(let bytes, let path):
      if (try? FileSystem.readIfPresent(path)) == bytes { return }
      try FileSystem.makeDirectory(FileSystem.parent(of: path))
      try FileSystem.replace(path, with: bytes, durable: false)
    case .copyUnlessPresent(let source, let path):
      guard !FileSystem.exists(path) else { return }
      try FileSystem.makeDirectory(FileSystem.parent(of: path))
      try FileSystem.replace(path, with: try FileSystem.read(source), durable: true)
    }
  }
}
