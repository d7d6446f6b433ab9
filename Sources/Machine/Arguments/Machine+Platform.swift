internal import JSON

extension Machine {
  /// Root ports on q35, each of which one device can be plugged into while the guest runs.
  func addHotplugPorts(to list: inout ArgumentList) {
    for index in 0..<hotplugPorts {
      var port: JSONObject = [
        "driver": "pcie-root-port", "id": .string("port\(index)"), "chassis": JSONValue(index + 1),
        "addr": .string("0x\(String(PCISlot.hotplugPorts, radix: 16)).0x\(index)"),
      ]
      if index == 0 { port["multifunction"] = true }
      list.add("-device", port)
    }
  }

  /// Random numbers from QEMU itself, which takes them from the host's kernel.
  func addRNG(to list: inout ArgumentList) {
    guard hasRNG else { return }
    list.add("-device", virtio("rng", id: "rng0", slot: PCISlot.rng))
  }

  /// A USB controller, where there are devices for it.
  func addUSB(to list: inout ArgumentList) {
    guard !usbDevices.isEmpty else { return }
    list.add("-device", device("qemu-xhci", id: "usb0", slot: PCISlot.usb))
    for (index, device) in usbDevices.enumerated() {
      list.add(
        "-device",
        [
          "driver": .string(device.driver), "id": .string(device.rawValue), "bus": "usb0.0",
          "port": .string("\(index + 1)"),
        ])
    }
  }

  /// What the guest's clock shows at the start, where it is not QEMU's own choice.
  func addClock(to list: inout ArgumentList) {
    if clock == .localtime { list.add("-rtc", OptionText("base", clock.rawValue)) }
  }

  /// What the guest reads of its machine.
  func addSMBIOS(to list: inout ArgumentList) {
    guard let smbios else { return }
    for entry in smbios.entries {
      let table = OptionText("type", "\(entry.table.type)")
      list.add("-smbios", entry.texts.reduce(table) { $0.with($1.name, $1.value) })
    }
    guard !smbios.oemStrings.isEmpty else { return }
    list.add("-smbios", smbios.oemStrings.reduce(OptionText("type", "11")) { $0.with("value", $1) })
  }

  /// A timer that the guest must feed.
  func addWatchdog(to list: inout ArgumentList) {
    switch watchdog?.device {
    case .i6300esb: list.add("-device", device("i6300esb", id: "watchdog0", slot: PCISlot.watchdog))
    case .ib700: list.add("-device", ["driver": "ib700", "id": "watchdog0"])
    case nil: break
    }
  }

  /// A port by which the guest's kernel tells QEMU that it panicked.
  func addPanicDevice(to list: inout ArgumentList) {
    guard hasPanicDevice else { return }
    list.add("-device", ["driver": "pvpanic"])
  }
}
