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
