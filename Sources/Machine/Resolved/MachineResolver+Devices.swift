// The devices that are neither disks nor firmware.
extension MachineResolver {
  mutating func networks(uuid: UUID, on type: Machine.BoardType) -> [Machine.Network] {
    let cards = settings.networks?.cards ?? []
    let ports = settings.ports ?? []
    let first = cards.firstIndex { $0.network == .user }
    if !ports.isEmpty, first == nil {
      report("ports", "ports lead through the network 'user', which 'networks' does not list")
    }
    return cards.enumerated().map { index, card in
      let model = card.model ?? .virtio
      check(model, path: "networks[\(index)]", on: type)
      return Machine.Network(
        network: card.network, address: card.mac ?? MACAddress(uuid: uuid, card: index),
        hasOwnAddress: card.mac != nil, model: model, ports: index == first ? ports : [])
    }
  }

  private mutating func check(_ model: CardModel, path: String, on type: Machine.BoardType) {
    let hasPlace: Bool
    switch model {
    case .virtio: hasPlace = type.family != .isapc
    case .ne2kISA: hasPlace = type.family == .isapc || type.family == .i440fx
    case .e1000, .e1000e, .rtl8139, .vmxnet3, .pcnet, .ne2kPCI: hasPlace = type.family.hasPCI
    }
    guard !hasPlace else { return }
    let bus = model == .ne2kISA ? "ISA" : "PCI"
    let instead: String
    switch type.family {
    case .isapc: instead = "write { user: true, model: \"ne2k_isa\" }, or networks: \"none\""
    case .microvm: instead = "leave 'model' out for a virtio card"
    case .i440fx, .q35, .other: instead = "name another model, such as e1000"
    }
    report(
      path,
      "a card '\(model.rawValue)' needs \(bus == "ISA" ? "an ISA" : "a PCI") bus, which '\(type.name)' does not have; \(instead)"
    )
  }

  mutating func serialPorts(on type: Machine.BoardType) -> Int {
    let count = settings.serial?.count ?? 1
    let most = type.family.isPC || type.family == .isapc ? SerialSetting.most : 1
    if count > most {
      report(
        "serial", "'\(type.name)' has \(most == 1 ? "one serial port" : "\(most) serial ports"), not \(count)"
      )
    }
    return count
  }

  mutating func hasRNG(on type: Machine.BoardType) -> Bool {
    guard settings.rng == true else { return false }
    if type.family == .isapc { report("rng", needsPCI("'rng'", type, "write rng: false")) }
    return true
  }

  mutating func usbDevices(on type: Machine.BoardType) -> [USBDeviceSetting] {
    let devices = settings.usb ?? []
    if !devices.isEmpty, !type.family.hasPCI {
      report("usb", needsPCI("a USB controller", type, "leave 'usb' out"))
    }
    return devices
  }

  mutating func smbios(on type: Machine.BoardType) -> SMBIOSSetting? {
    guard let smbios = settings.smbios else { return nil }
    if !type.family.isPC {
      report("smbios", "SMBIOS works with the machine types 'pc' and 'q35' only, not with '\(type.name)'")
    }
    return smbios
  }

  mutating func watchdog(on type: Machine.BoardType) -> WatchdogSetting? {
    guard let watchdog = settings.watchdog else { return nil }
    let isISA = watchdog.device == .ib700
    if !(type.family.isPC || isISA && type.family == .isapc) {
      let device = watchdog.device.rawValue
      report(
        "watchdog",
        "the device '\(device)' works with the machine types 'pc' and 'q35' only, not with '\(type.name)'")
    }
    return watchdog
  }

  /// What a key decides is not decided once more by an argument behind it.
  mutating func checkArguments() {
    for (index, word) in (settings.arguments?.words ?? []).enumerated() {
      guard settings.rtc != nil, ExtraArguments.option(word) == "rtc" else { continue }
      report(
        "arguments[\(index)]",
        "'\(word)' is refused: the key 'rtc' is written as well; write only one of the two")
    }
  }

  private func needsPCI(_ what: String, _ type: Machine.BoardType, _ wayOut: String) -> String {
    "\(what) needs a PCI bus, which '\(type.name)' does not have; \(wayOut)"
  }
}
