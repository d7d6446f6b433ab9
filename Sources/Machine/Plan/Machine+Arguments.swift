extension Machine {
  /// QEMU's arguments, without the program itself: the same for the same machine.
  package var arguments: [String] {
    var list = ArgumentList()
    addProcess(to: &list)
    addBoard(to: &list)
    addMonitors(to: &list)
    addDevices(to: &list)
    addClock(to: &list)
    addSMBIOS(to: &list)
    list.add(verbatim: extraArguments)
    return list.words
  }

  private func addDevices(to list: inout ArgumentList) {
    let context = DeviceContext(type: type, addresses: addresses)
    for device in devices {
      for argument in device.backends(in: context) + device.frontends(in: context) { list.add(argument) }
    }
  }
}

extension ArgumentList {
  fileprivate mutating func add(_ argument: DeviceArgument) {
    switch argument {
    case .blockdev(let json): add("-blockdev", json)
    case .netdev(let json): add("-netdev", json)
    case .audiodev(let json): add("-audiodev", json)
    case .object(let json): add("-object", json)
    case .device(let json): add("-device", json)
    case .chardev(let text): add("-chardev", text)
    case .option(let name, let value): add(name, verbatim: value)
    }
  }
}
