internal import Control
internal import Glibc
internal import Host
internal import Machine

extension Preparation {
  /// What QEMU would take of a firmware, and no guest would run with.
  func checkFirmware(of machine: Machine, _ origins: Origins) throws(ControlError) {
    switch machine.firmware {
    case .rom(let path): try refuse(rom: path, machine.name, origins)
    case .uefi(let files, .raw, _) where files.variablesFormat == .raw:
      if let own = machine.devices.all(Firmware.self).first?.ownVariables {
        try refuseOtherBuild(of: files, own, machine.name)
      }
    case .uefi, .ofMachineType, .builtin, nil: break
    }
  }

  /// A part of a UEFI firmware named as a ROM: QEMU would take it, and the guest would never show anything.
  private func refuse(rom path: String, _ name: VMName, _ origins: Origins) throws(ControlError) {
    // What cannot be read is QEMU's to say.
    guard let head = try? FileDescriptor.open(path, O_RDONLY).read(upTo: FirmwareImage.headSize),
      let image = FirmwareImage(head: head, size: FileSystem.size(of: path))
    else { return }
    throw .cannot(
      "start", name, "firmware \(image.refusal(of: path))", .file, advice: Self.place("firmware", origins))
  }

  /// Variables of another build: the guest would hang before its first word.
  private func refuseOtherBuild(
    of files: UEFIFirmware, _ own: String, _ name: VMName
  ) throws(ControlError) {
    let (kept, fresh) = (FileSystem.size(of: own), FileSystem.size(of: files.variables))
    guard FileSystem.exists(own), kept != fresh else { return }
    throw .cannot(
      "start", name,
      """
      its UEFI variables are of another build than the firmware \(files.code): \(own) has \(kept) bytes, and that \
      build's have \(fresh)
      """, .file,
      advice: [
        "Name the build that they are of with firmware: { code, variables }, or move that file away to begin with empty ones."
      ])
  }
}
