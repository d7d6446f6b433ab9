extension Machine {
  /// QEMU's arguments, without the program itself: the same for the same machine.
  package var arguments: [String] {
    var list = ArgumentList()
    addProcess(to: &list)
    addBoard(to: &list)
    addFirmware(to: &list)
    addKernel(to: &list)
    addMonitors(to: &list)
    addSerial(to: &list)
    addHotplugPorts(to: &list)
    addDisks(to: &list)
    addNetworks(to: &list)
    addRNG(to: &list)
    addPanicDevice(to: &list)
    addWatchdog(to: &list)
    addUSB(to: &list)
    addClock(to: &list)
    addSMBIOS(to: &list)
    list.add(verbatim: extraArguments)
    return list.words
  }
}
