package import JSON

/// Which device has which place, kept from one start to the next.
///
/// A device keeps its place whatever is edited around it, and with it its name in the guest. What is gone frees its
/// place, what is new takes the lowest free one.
package struct AddressPlan: Sendable, Equatable {
  /// One device that needs a place.
  package struct Entry: Sendable, Equatable {
    package let id: DeviceID

    /// Nil where QEMU finds one.
    package let address: Address?

    /// Of a disk: its file, by which it is known again when its name has changed.
    package let file: String?

    /// Of an NVMe disk without one of its own: the serial number that an earlier version has told its guest.
    package let serial: String?

    package init(id: DeviceID, address: Address?, file: String? = nil, serial: String? = nil) {
      self.id = id
      self.address = address
      self.file = file
      self.serial = serial
    }
  }

  /// In the order of their ids.
  package let entries: [Entry]

  package init(_ entries: [Entry] = []) { self.entries = entries.sorted { $0.id.text < $1.id.text } }

  package subscript(id: DeviceID) -> Address? { entry(id)?.address }

  func entry(_ id: DeviceID) -> Entry? { entries.first { $0.id == id } }

  /// The plan with what another one knows besides, of devices whose places are free here.
  package func completed(by other: AddressPlan) -> AddressPlan {
    let (known, taken) = (Set(entries.map(\.id)), Set(entries.compactMap(\.address)))
    return AddressPlan(
      entries
        + other.entries.filter { entry in
          !known.contains(entry.id) && entry.address.map(taken.contains) != true
        })
  }

  /// What was known of a device: by its id, or of a disk that has another name by its file.
  private func earlier(_ device: any Device, besides present: Set<DeviceID>) -> Entry? {
    entry(device.id)
      ?? device.file.flatMap { file in entries.first { $0.file == file && !present.contains($0.id) } }
  }

  /// The plan for some devices; `missing` tells of those for which there is no room.
  func following(
    for devices: some Sequence<any Device>, on type: MachineType, missing: (any Device) -> Void
  ) -> AddressPlan {
    let wanted = devices.map { (device: $0, attachment: $0.attachment(on: type)) }
    let present = Set(wanted.map(\.device.id))
    var kept: [DeviceID: Address] = [:]
    var taken: Set<Address> = []
    for (device, attachment) in wanted {
      guard let before = earlier(device, besides: present)?.address, attachment.takes(before),
        taken.insert(before).inserted
      else { continue }
      kept[device.id] = before
    }
    let given = wanted.compactMap { device, attachment -> Entry? in
      let serial = earlier(device, besides: present)?.serial
      guard case .any(let bus, let numbers, _) = attachment else {
        return device.file.map { Entry(id: device.id, address: nil, file: $0, serial: serial) }
      }
      var address = kept[device.id]
      if address == nil {
        address = numbers.lazy.map { Address(bus, $0) }.first {
          !taken.contains($0) && !RootPorts.isBlocked($0, by: taken)
        }
      }
      guard let address else {
        missing(device)
        return nil
      }
      taken.insert(address)
      return Entry(id: device.id, address: address, file: device.file, serial: serial)
    }
    return AddressPlan(given)
  }
}

extension AddressPlan: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    var entries: [Entry] = []
    for object in try [JSONObject](json: json) {
      let address: String? = try object.optional("at")
      entries.append(
        Entry(
          id: DeviceID(try object.required("id")), address: address.flatMap { Address($0) },
          file: try object.optional("file"), serial: try object.optional("serial")))
    }
    self.init(entries)
  }

  package var json: JSONValue {
    .array(
      entries.map { entry in
        var object: JSONObject = ["id": .string(entry.id.text)]
        object["at"] = entry.address.map { .string("\($0)") }
        object["file"] = entry.file.map { .string($0) }
        object["serial"] = entry.serial.map { .string($0) }
        return .object(object)
      })
  }
}
