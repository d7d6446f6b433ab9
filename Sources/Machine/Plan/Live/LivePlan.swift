internal import JSON

/// How a running QEMU becomes what its VM is by now, as far as it can while the guest runs.
///
/// What the guest may refuse comes first, so that nothing else has been done by then; what cannot be taken back comes
/// last.
package struct LivePlan: Sendable {
  package let steps: [LiveStep]
}

/// One change that is done as a whole or not at all.
package struct LiveStep: Sendable {
  /// What becomes of the running machine.
  package enum Effect: Sendable {
    case added(DeviceDescription)
    case removed(DeviceID)
    case changed([MachineChange.ValueChange], DeviceDescription)
  }

  /// What it does, in words: `disk 'data': added`.
  package let words: String
  package let commands: [LiveCommand]

  /// What takes the commands back; nil where nothing does.
  package let undo: [LiveCommand]?

  /// Whether as many of these, the last ones, take back as many of the commands; else all do, however far they came.
  var isUndoneInReverse = true
  package let effects: [Effect]

  /// What takes back the first commands of the step.
  package func undo(of count: Int) -> [LiveCommand]? {
    isUndoneInReverse ? undo.map { Array($0.suffix(count)) } : undo
  }

  /// The device that it removes.
  package var removed: DeviceID? {
    for case .removed(let id) in effects { return id }
    return nil
  }

  /// The device that it adds.
  package var added: DeviceID? {
    for case .added(let device) in effects { return device.id }
    return nil
  }
}

extension LivePlan {
  /// - Parameters:
  ///   - running: what the QEMU that runs was started as, and has become since.
  ///   - machine: what the VM is now.
  ///   - old: the machine that it was before: only with it what was removed can be put back.
  ///   - present: the ids of QEMU's devices, among them the root ports that there are; nil where nobody has asked.
  ///   - isResumed: whether somebody has begun with this before, and how far that came is not known.
  package init(
    from running: MachineDescription, to machine: Machine, old: Machine?, present: Set<String>?,
    isResumed: Bool
  ) {
    let there = Dictionary((running.devices ?? []).map { ($0.id, $0) }) { first, _ in first }
    let wanted = Dictionary(machine.devices.map { ($0.id, $0) }) { first, _ in first }
    let context = DeviceContext(type: machine.type, addresses: machine.addresses)
    var (removals, turns, additions): ([LiveStep], [Turn], [LiveStep]) = ([], [], [])
    var (adjustments, growths): ([LiveStep], [LiveStep]) = ([], [])
    for case .device(let change) in machine.description.changes(from: running) {
      switch (change.kind, wanted[change.id], there[change.id]) {
      case (.removed, _, let before?):
        if let step = Self.removal(
          of: before, old, isGone: present?.contains(before.id.text) == false)
        {
          removals.append(step)
        }
      case (.added, let device?, _):
        guard Self.hasPlace(device, context, there, present) else { continue }
        if let step = Self.addition(of: device, context, isResumed, present) { additions.append(step) }
      case (.changed(let values), let device?, let before?):
        if let turn = Turn(values, of: before) { turns.append(turn) }
        let others = values.filter { $0.key != Turn.key }
        guard !others.isEmpty, let step = Self.adjustment(of: device, others, context) else { continue }
        if step.undo == nil { growths.append(step) } else { adjustments.append(step) }
      default: break
      }
    }
    steps = removals + Turn.steps(turns) + additions + adjustments + growths
  }

  /// Whether the running machine has the place where the device is to be.
  private static func hasPlace(
    _ device: any Device, _ context: DeviceContext, _ there: [DeviceID: DeviceDescription],
    _ present: Set<String>?
  ) -> Bool {
    guard device.hasPluggingPlace(in: context), let address = context.addresses[device.id] else {
      return false
    }
    return switch address.bus {
    case .port: present?.contains(RootPorts.name(address.number)) ?? true
    case .scsi: there[SCSIController.id] != nil
    case .pci, .mmio, .ide, .sata, .usb: true
    }
  }

  private static func addition(
    of device: any Device, _ context: DeviceContext, _ isResumed: Bool, _ present: Set<String>?
  ) -> LiveStep? {
    let backends = device.backends(in: context)
    guard var commands = LiveCommand.adding(backends + device.frontends(in: context)),
      let removal = LiveCommand.removing(backends)
    else { return nil }
    if isResumed {
      // It may have been plugged in, or only what stands behind it.
      commands = present?.contains(device.id.text) == true ? [] : removal.map(\.ifThere) + commands
    }
    return LiveStep(
      words: "\(DeviceChange(id: device.id, label: device.label, kind: .added))", commands: commands,
      undo: [.unplug(device.id)] + removal, effects: [.added(device.description(in: context))])
  }

  private static func removal(of device: DeviceDescription, _ old: Machine?, isGone: Bool) -> LiveStep? {
    guard let removal = device.removal else { return nil }
    let commands = isGone ? removal.map(\.ifThere) : [.unplug(device.id)] + removal
    let undo = old.flatMap { machine -> [LiveCommand]? in
      let context = DeviceContext(type: machine.type, addresses: machine.addresses)
      guard let before = machine.devices.first(where: { $0.id == device.id }),
        before.properties == device.properties
      else { return nil }
      return LiveCommand.adding(before.backends(in: context) + before.frontends(in: context))
    }
    return LiveStep(
      words: "\(DeviceChange(id: device.id, label: device.label, kind: .removed))",
      commands: commands, undo: undo, effects: [.removed(device.id)])
  }

  private static func adjustment(
    of device: any Device, _ values: [MachineChange.ValueChange], _ context: DeviceContext
  ) -> LiveStep? {
    guard let adjustment = device.adjustment(from: values, in: context) else { return nil }
    return LiveStep(
      words: "\(DeviceChange(id: device.id, label: device.label, kind: .changed(values)))",
      commands: adjustment.commands, undo: adjustment.undo, isUndoneInReverse: adjustment.isUndoneInReverse,
      effects: [.changed(values, device.description(in: context))])
  }
}

/// A disk whose turn at the next boot has changed, as it does when another comes or goes before it.
private struct Turn {
  static let key = "bootOrder"

  let device: DeviceDescription
  let change: MachineChange.ValueChange

  init?(_ values: [MachineChange.ValueChange], of device: DeviceDescription) {
    guard let change = values.first(where: { $0.key == Self.key }), change.old != nil, change.new != nil
    else { return nil }
    (self.device, self.change) = (device, change)
  }

  /// All at once: at no moment do two have the same.
  static func steps(_ turns: [Turn]) -> [LiveStep] {
    guard !turns.isEmpty else { return [] }
    func commands(_ value: (MachineChange.ValueChange) -> JSONValue?) -> [LiveCommand] {
      turns.map { .setting("bootindex", of: $0.device.id, to: -1) }
        + turns.map { .setting("bootindex", of: $0.device.id, to: value($0.change) ?? -1) }
    }
    return [
      LiveStep(
        words: turns.map { "\($0.device.label): \($0.change)" }.joined(separator: ", "),
        commands: commands(\.new), undo: commands(\.old), isUndoneInReverse: false,
        effects: turns.map { .changed([$0.change], $0.device) })
    ]
  }
}

extension MachineDescription {
  /// What the machine is after a step on the way to another: what is the same there stands where it stands there.
  package func after(_ step: LiveStep, towards target: MachineDescription) -> MachineDescription {
    guard var devices else { return self }
    for effect in step.effects {
      switch effect {
      case .added(let device): devices.append(device)
      case .removed(let id): devices.removeAll { $0.id == id }
      case .changed(let values, let device):
        guard let index = devices.firstIndex(where: { $0.id == device.id }) else { continue }
        var properties = devices[index].properties
        for value in values { properties[value.key] = value.new }
        devices[index] = device.with(properties)
      }
    }
    return with(devices.map { $0.placed(as: target.devices?.first(where: $0.isSame)) })
  }

  /// What the machine is without a device that its guest has let go of.
  package func without(_ id: DeviceID) -> MachineDescription {
    with((devices ?? []).filter { $0.id != id })
  }

  private func with(_ devices: [DeviceDescription]) -> MachineDescription {
    let old = (self.devices ?? []).flatMap(\.texts.facts)
    let others = texts.facts.filter { fact in !old.contains { $0 == fact } }
    let tail = others.firstIndex { $0.key == "serial" } ?? others.endIndex
    return MachineDescription(
      accelerator: accelerator, cpus: cpus, memory: memory, serialPorts: serialPorts,
      hasPowerButton: hasPowerButton, settings: settings, devices: devices,
      texts: MachineTexts(facts: others[..<tail] + devices.flatMap(\.texts.facts) + others[tail...]))
  }
}

extension DeviceDescription {
  fileprivate func isSame(_ other: DeviceDescription) -> Bool { id == other.id }

  /// The same where another definition has it.
  fileprivate func placed(as other: DeviceDescription?) -> DeviceDescription {
    guard let other, other.key != key else { return self }
    let facts = texts.facts.map { (key: $0.key == key ? other.key : $0.key, value: $0.value) }
    return DeviceDescription(
      id: id, key: other.key, label: label, file: file, properties: properties,
      texts: MachineTexts(facts: facts), removal: removal)
  }
}
