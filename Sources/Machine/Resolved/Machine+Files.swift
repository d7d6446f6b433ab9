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
  package var filesToPrepare: [FileToPrepare] { devices.flatMap(\.filesToPrepare) }

  /// What to look for before starting, so that a missing file is named by its key and not by QEMU's options.
  package var requiredFiles: [RequiredFile] { devices.flatMap(\.requiredFiles) }

  /// The host's ports that QEMU opens.
  package var hostPorts: [PortForward] { devices.flatMap(\.hostPorts) }

  package var disks: [Disk] { devices.all(Disk.self) }
  package var networkCards: [NetworkCard] { devices.all(NetworkCard.self) }
  package var firmware: Firmware.Source? { devices.all(Firmware.self).first?.source }

  /// How many serial ports the guest has; the first is its console.
  package var serialPorts: Int { devices.all(SerialPort.self).count }
}
