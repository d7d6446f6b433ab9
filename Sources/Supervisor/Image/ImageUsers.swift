internal import Control
internal import Host
internal import Inspection
internal import Machine

/// Who stands on a file: disks of VMs that are that very file, or whose chain leads to it.
///
/// It blocks on every disk that it looks at.
struct ImageUsers: Sendable {
  /// The files that VMs use by their definitions or their processes, with the VMs in words.
  let disks: [(file: String, owner: String)]

  /// The folder of what `down` has left, a folder a VM.
  let kept: String

  /// Those that stand on one of the files, by it; a sentence's end each, such as `shop/web ('/a/disk.qcow2')`.
  func find(of files: [String]) -> [String: [String]] {
    var identities: [DiskImage.Identity: String] = [:]
    for file in files {
      if let image = ImageInspection.image(at: file) { identities[image.identity] = file }
    }
    var users: [String: [String]] = [:]
    // What is to go is no user of itself.
    for (disk, owner) in disks + left.filter({ !files.contains($0.file) }) {
      let image = ImageInspection.image(at: disk)
      let used = image.map { [$0.identity] + $0.parts.map(\.identity) } ?? []
      for file in files where disk == file || used.contains(where: { identities[$0] == file }) {
        users[file, default: []].append("\(owner) ('\(disk)')")
      }
    }
    return users
  }

  private var left: [(file: String, owner: String)] {
    // What cannot be listed is not there to be found by a VM either.
    ((try? FileSystem.names(in: kept)) ?? []).flatMap { id in
      ((try? FileSystem.names(in: kept + "/" + id)) ?? []).map {
        (file: "\(kept)/\(id)/\($0)", owner: "what 'down' has left of \(id)")
      }
    }
  }
}
