internal import JSON

/// The root ports of a q35: one for each device on them, and some for devices that are plugged in while it runs.
///
/// A port's number never changes, and those below it are always there: the guest counts its buses by them. Key:
/// `hardware.hotplugPorts`.
struct RootPorts: Device {
  static let most = PCISlot.rootPorts.count * portsInSlot
  private static let portsInSlot = 8

  let spare: Int

  var id: DeviceID { DeviceID("ports") }
  var key: String { "hardware.hotplugPorts" }
  var label: String { "root ports" }
  var properties: JSONObject { spare == 0 ? [:] : ["hotplugPorts": JSONValue(spare)] }

  static func name(_ number: Int) -> String { "port\(number)" }

  /// Whether the slot of a port is a device's that has been there since before there were so many ports.
  static func isBlocked(_ address: Address, by taken: Set<Address>) -> Bool {
    address.bus == .port && taken.contains(Address(.pci, slot(of: address.number)))
  }

  private static func slot(of number: Int) -> Int { PCISlot.rootPorts[number / portsInSlot] }

  func frontends(in context: DeviceContext) -> [DeviceArgument] {
    numbers(for: context.addresses).map { number in
      let function = number % Self.portsInSlot
      let slot = DeviceContext.hexadecimal(Self.slot(of: number))
      var port: JSONObject = [
        "driver": "pcie-root-port", "id": .string(Self.name(number)), "chassis": JSONValue(number + 1),
        "slot": JSONValue(number + 1), "addr": .string("\(slot).0x\(function)"),
      ]
      if function == 0 { port["multifunction"] = true }
      return .device(port)
    }
  }

  /// The ports that are made: up to the last that is taken, and so far beyond that enough are free.
  private func numbers(for plan: AddressPlan) -> [Int] {
    let taken = Set(plan.entries.compactMap(\.address))
    let there = (0..<Self.most).filter { !Self.isBlocked(Address(.port, $0), by: taken) }
    let last = taken.filter { $0.bus == .port }.map(\.number).max() ?? -1
    let needed = there.filter { $0 <= last }
    let free = needed.count { !taken.contains(Address(.port, $0)) }
    return needed + there.filter { $0 > last }.prefix(max(0, spare - free))
  }
}

extension DeviceKind {
  static let rootPorts = DeviceKind { resolver in
    guard resolver.type.family == .q35 else { return [] }
    return [RootPorts(spare: resolver.settings.hardware?.hotplugPorts ?? 0)]
  }
}
