internal import JSON

/// A PCI device of the host's that the guest has for itself.
///
/// Key: `pciPassthrough`. QEMU: `vfio-pci`; the kernel's documentation: driver-api/vfio.rst.
struct PCIPassthrough: Device {
  let address: PCIAddress
  let key: String

  /// All of it stays where it is, for the device reads and writes it by itself.
  let memory: ByteCount

  var id: DeviceID { DeviceID("host-" + address.description.map { $0 == ":" || $0 == "." ? "-" : $0 }) }
  var label: String { "PCI device \(address)" }
  var properties: JSONObject { ["host": .string("\(address)")] }
  var shown: [(key: String, value: String)] { [(key, "\(address)")] }
  var hostNeeds: [HostNeed] { [.pciDevice(address, memory: memory)] }

  func attachment(on type: MachineType) -> Attachment { type.placeOnPCI(PCISlot.disks) }

  func frontends(in context: DeviceContext) -> [DeviceArgument] {
    var device = context.device("vfio-pci", of: self)
    device["host"] = .string("\(address)")
    return [.device(device)]
  }
}

/// Where a device is on the host's PCI bus: `0000:01:00.0`, as lspci(8) shows it.
package struct PCIAddress: Sendable, Hashable {
  package let domain: UInt32
  package let bus: UInt8
  package let slot: UInt8
  package let function: UInt8

  /// The domain may be left out.
  package init?(_ text: String) {
    func number(_ digits: Substring, _ count: ClosedRange<Int>) -> UInt32? {
      guard count.contains(digits.utf8.count), digits.allSatisfy(\.isHexDigit) else { return nil }
      return UInt32(digits, radix: 16)
    }
    var parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), let last = parts.popLast() else { return nil }
    let ends = last.split(separator: ".", omittingEmptySubsequences: false)
    guard ends.count == 2, let bus = number(parts[parts.count - 1], 2...2),
      let slot = number(ends[0], 2...2), slot < 32, let function = number(ends[1], 1...1), function < 8,
      let domain = parts.count == 2 ? number(parts[0], 4...8) : 0
    else { return nil }
    (self.domain, self.bus, self.slot, self.function) = (domain, UInt8(bus), UInt8(slot), UInt8(function))
  }
}

extension PCIAddress: CustomStringConvertible {
  package var description: String {
    func hexadecimal(_ number: some BinaryInteger, _ width: Int) -> String {
      let digits = String(number, radix: 16)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    return "\(hexadecimal(domain, 4)):\(hexadecimal(bus, 2)):\(hexadecimal(slot, 2)).\(function)"
  }
}

extension PCIAddress: DefinitionValue {
  static func read(_ node: DefinitionNode) -> PCIAddress? {
    guard let text = node.nonEmptyText(expected: "a PCI address such as '0000:01:00.0'") else { return nil }
    return PCIAddress(text)
      ?? node.wrong(
        "'\(text.clipped)' is not a PCI address; 'lspci -D' shows them, such as '0000:01:00.0'")
  }

  var json: JSONValue { .string(description) }

  /// Reads the key `pciPassthrough`, in which each stands once.
  static func list(_ node: DefinitionNode) -> [PCIAddress]? {
    guard let elements = node.elements else { return node.wrongType(expected: "a list of PCI addresses") }
    var addresses: [PCIAddress] = []
    for element in elements {
      guard let address = read(element) else { continue }
      if addresses.contains(address) {
        element.report("'\(address)' is listed already")
      } else {
        addresses.append(address)
      }
    }
    return addresses
  }
}

extension DeviceKind {
  static let pciPassthrough = DeviceKind(keys: [
    SettingKey("pciPassthrough", \.pciPassthrough, reading: PCIAddress.list)
  ]) { resolver in
    let addresses = resolver.settings.pciPassthrough ?? []
    if !addresses.isEmpty, !resolver.type.family.hasPCI {
      resolver.reportPCIMissing("pciPassthrough", "a PCI device", "leave 'pciPassthrough' out")
    }
    return addresses.enumerated().map {
      PCIPassthrough(
        address: $0.element, key: "pciPassthrough[\($0.offset)]", memory: resolver.memorySize)
    }
  }
}

extension Settings {
  package var pciPassthrough: [PCIAddress]? {
    get { devices["pciPassthrough"] }
    set { devices["pciPassthrough"] = newValue }
  }
}
