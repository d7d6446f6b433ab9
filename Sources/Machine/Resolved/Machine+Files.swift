/// A file of the VM's own that must lie ready before QEMU starts.
package enum FileToPrepare: Sendable, Equatable {
  case write(bytes: [UInt8], to: String)
  /// Kept if it is there already: the guest has written to it.
  case copyUnlessPresent(from: String, to: String)
}

/// A file that the user or the host provides, with the key that names it.
package struct RequiredFile: Sendable, Equatable {
  package let key: String
  package let path: String
  /// Whether the guest writes to it.
  package let isWritten: Bool
}

extension Machine {
  /// In the order in which they are to be prepared.
  package var filesToPrepare: [FileToPrepare] {
    switch firmware {
    case .ofMachineType, .rom: []
    case .builtin(let name):
      BuiltinProfiles.firmware(name).map {
        [.write(bytes: FirmwareROM.image(of: $0), to: places.firmwareROM)]
      } ?? []
    case .uefi(let files, let format, _):
      [.copyUnlessPresent(from: files.variables, to: places.uefiVariables(format))]
    }
  }

  /// What to look for before starting, so that a missing file is named by its key and not by QEMU's options.
  package var requiredFiles: [RequiredFile] {
    var files: [RequiredFile] = []
    switch firmware {
    case .rom(let path): files.append(RequiredFile(key: "firmware", path: path, isWritten: false))
    case .uefi(let uefi, _, isWritten: true):
      files.append(RequiredFile(key: "firmware.code", path: uefi.code, isWritten: false))
      files.append(RequiredFile(key: "firmware.variables", path: uefi.variables, isWritten: false))
    case .ofMachineType, .builtin, .uefi: break
    }
    if let kernel {
      files.append(RequiredFile(key: "kernel", path: kernel.file, isWritten: false))
      if let initrd = kernel.initrd {
        files.append(RequiredFile(key: "initrd", path: initrd, isWritten: false))
      }
    }
    for (index, disk) in disks.enumerated() {
      files.append(RequiredFile(key: "disks[\(index)].file", path: disk.file, isWritten: !disk.isReadOnly))
    }
    return files
  }
}
