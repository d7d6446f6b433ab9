/// What a machine needs of the host besides files and ports: looked for before anything is started.
package enum HostNeed: Sendable, Equatable {
  /// Free huge pages for so much memory, of a size; nil for the host's usual one.
  case hugePages(memory: ByteCount, of: ByteCount?)

  /// A NUMA node, by its number.
  case numaNode(Int)

  /// CPUs that this process may give to others.
  case cpus(CPUSet)

  /// A PCI device that no driver of the host's has, for a guest with so much memory.
  case pciDevice(PCIAddress, memory: ByteCount)

  /// A context ID for sockets between host and guest that no other guest has.
  case contextID(UInt32)
}

extension Machine {
  /// What must be there of the host, with the key that asks for it.
  package var hostNeeds: [(key: String, need: HostNeed)] {
    devices.flatMap { device in device.hostNeeds.map { (device.key, $0) } }
  }

  /// Whether its memory is of pages that were set aside for such guests.
  package var hasHugePages: Bool { devices.all(GuestMemory.self).contains { $0.pages != nil } }
}
