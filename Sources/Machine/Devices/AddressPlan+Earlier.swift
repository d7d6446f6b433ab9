extension AddressPlan {
  /// Where an earlier version, which counted devices by their places in the lists, put those of a definition.
  ///
  /// Their guests know them by these: so they stay there.
  package init(earlierVersionOf definition: FlatDefinition) {
    let settings = definition.settings
    guard let name = settings.machine?.type else {
      self.init()
      return
    }
    let type = MachineType(
      name: name, family: Machine.Family(typeName: name), options: settings.machine?.options ?? [:])
    // Its disks were files of the user's.
    var resolver = DiskResolver(settings, DiskFacts(folders: DiskFolders(kept: "/", thrownAway: "/")))
    let disks = resolver.disks(on: type)
    var entries: [Entry] = []
    for (index, disk) in disks.enumerated() {
      let address: Address? =
        switch disk.bus {
        case .virtio where type.family == .microvm: Address(.mmio, index)
        case .virtio, .nvme: type.family.isPC ? Address(.pci, PCISlot.disks.lowerBound + index) : nil
        case .scsi: Address(.scsi, index)
        case .ide, .sata:
          Address(
            disk.bus == .ide || type.family == .q35 ? .ide : .sata,
            disks[..<index].count {
              $0.bus == disk.bus || type.family == .q35 && ($0.bus == .ide || $0.bus == .sata)
            })
        }
      let serial = disk.bus == .nvme ? "disk\(index)" : nil
      entries.append(Entry(id: disk.id, address: address, file: disk.image, serial: serial))
    }
    if type.family == .i440fx, let first = disks.firstIndex(where: { $0.bus == .sata }) {
      entries.append(
        Entry(id: SATAController.id, address: Address(.pci, PCISlot.disks.lowerBound + first)))
    }
    let cards = settings.networks?.cards ?? []
    for (index, card) in cards.enumerated() {
      let address: Address? =
        switch type.family {
        case .microvm: Address(.mmio, disks.count + index)
        case .i440fx, .q35: Address(.pci, PCISlot.networkCards.lowerBound + index)
        case .isapc, .other: nil
        }
      // All were on one network.
      let name = card.network.name + (index == 0 ? "" : "-\(index + 1)")
      entries.append(Entry(id: .networkCard(name), address: card.model == .ne2kISA ? nil : address))
    }
    if type.family == .microvm, settings.rng == true {
      entries.append(Entry(id: RNG().id, address: Address(.mmio, disks.count + cards.count)))
    }
    for (index, device) in (settings.usb ?? []).enumerated() {
      entries.append(Entry(id: USBDevice(setting: device, key: "usb").id, address: Address(.usb, index + 1)))
    }
    self.init(entries)
  }
}
