internal import Control
internal import Glibc
internal import Host
internal import JSON
internal import Machine

// The commands about the image store.
extension Supervisor {
  /// How long the disks of all VMs may take to be looked at.
  private static let disksPatience = Duration.seconds(10)

  func addImage(_ file: String, as given: String?) async throws(ControlError) -> JobReport {
    guard file.hasPrefix("/") else {
      throw ControlError(.failed, "Invalid parameter 'file': expected an absolute path, found '\(file)'")
    }
    let name = given ?? ImageName.customary(for: file)
    if let fault = ImageName.fault(in: name) {
      throw ControlError(
        .failed, "an image cannot be called '\(name)': \(fault)", advice: ["--name gives it another name."])
    }
    try await images.prepare()
    return try await jobs.begin(.imageAdd, subject: name, images.adding(file, as: name))
  }

  func verifyImages(_ name: String?) async throws(ControlError) -> JobReport {
    let wanted: [StoredImage]
    if let name { wanted = [try await images.image(name)] } else { wanted = try await images.list() }
    return try await jobs.begin(.imageVerify, subject: name, images.verifying(wanted))
  }

  /// Removes an image, unless a VM or what one has left stands on it.
  func removeImage(_ name: String) async throws(ControlError) {
    let image = try await images.image(name)
    let isShared = try await images.list().contains { $0.name != name && $0.sha256 == image.sha256 }
    if !isShared {
      let file = images.file(of: image)
      guard let users = await users(of: [file]) else {
        throw ControlError(
          .failed,
          "the image '\(name)' stays: not all disks of VMs could be looked at within \(Self.disksPatience.seconds) s",
          fact: .noAnswer, advice: ["A storage that hangs may hold one that stands on it."])
      }
      if let users = users[file], let first = users.first {
        let more = users.count > 1 ? ", and so do \(users.count - 1) more" : ""
        throw ControlError(
          .failed, "the image '\(name)' is in use: \(first) stands on it\(more)", fact: .imageInUse,
          advice: ["Take that VM down, and give it another disk, before the image goes."])
      }
    }
    try await images.remove(image)
  }

  /// Removes contents that have no name and no user: the last step of a removal that was cut off.
  func removeNamelessImages() async {
    let nameless = await images.nameless()
    guard !nameless.isEmpty, let users = await users(of: nameless) else { return }
    await images.remove(nameless: nameless.filter { users[$0] == nil })
  }

  /// Who stands on each of the files; nil when not all disks could be looked at in time.
  private func users(of files: [String]) async -> [String: [String]]? {
    var disks: [(file: String, owner: String)] = []
    for machine in machines.values {
      let name = machine.name
      disks += await machine.diskFiles.sorted().map { (file: $0, owner: "\(name)") }
    }
    let search = ImageUsers(disks: disks, kept: state.path + "/disks")
    return await Lane("the disks of all VMs").run(within: Self.disksPatience) { search.find(of: files) }
  }
}

extension VirtualMachine {
  /// The files of its disks, as they are defined and as its process has them.
  fileprivate var diskFiles: Set<String> {
    let defined = record?.flat.settings.disks?.map(\.file) ?? []
    return Set(defined + (report.images?.uses.map(\.image) ?? []))
  }
}
