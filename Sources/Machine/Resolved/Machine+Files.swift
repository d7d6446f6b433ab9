/// A file of the VM's own that must lie ready before QEMU starts.
package enum FileToPrepare: Sendable, Equatable {
  case write(bytes: [UInt8], to: String)
  /// Kept if it is there already: the guest has written to it.
  case copyUnlessPresent(from: String, to: String)
  /// Removed where it is there: a socket that QEMU makes, and would not make beside an old one.
  case absent(String)
  /// A folder, kept with what is in it.
  case folder(String)
  /// A disk of the VM's own.
  case image(OwnImage)
  /// The disk with what cloud-init is told.
  case firstBoot(FirstBootSeed)
}

/// A file that the user or the host provides, with the key that names it.
package struct RequiredFile: Sendable, Equatable {
  package let key: String
  package let path: String
  /// Whether the guest writes to it.
  package let isWritten: Bool
  package let kind: Kind

  /// What it is for.
  package enum Kind: Sendable { case disk, image, folder, other }

  init(key: String, path: String, isWritten: Bool, kind: Kind = .other) {
    self.key = key
    self.path = path
    self.isWritten = isWritten
    self.kind = kind
  }
}

extension Machine {
  /// In the order in which they are to be prepared.
  package var filesToPrepare: [FileToPrepare] { devices.flatMap(\.filesToPrepare) }

  /// The disk images of the VM's own.
  package var ownImages: [OwnImage] { devices.all(Disk.self).compactMap(\.own) }

  /// What to look for before starting, so that a missing file is named by its key and not by QEMU's options.
  package var requiredFiles: [RequiredFile] { devices.flatMap(\.requiredFiles) }

  /// The host's ports that QEMU opens.
  package var hostPorts: [PortForward] { devices.flatMap(\.hostPorts) }

  /// What cloud-init is told; nil where there is nothing.
  package var firstBoot: FirstBootSeed? { devices.all(FirstBootDisk.self).first?.seed }

  package var disks: [Disk] { devices.all(Disk.self) }
  package var networkCards: [NetworkCard] { devices.all(NetworkCard.self) }
  package var firmware: Firmware.Source? { devices.all(Firmware.self).first?.source }

  /// How many serial ports the guest has; the first is its console.
  package var serialPorts: Int { devices.all(SerialPort.self).count }
}
