internal import JSON

extension Machine {
  /// What the CPUs run first; the flash devices that UEFI needs are attached by `-machine`.
  func addFirmware(to list: inout ArgumentList) {
    switch firmware {
    case .ofMachineType: break
    case .rom(let path): list.add("-bios", verbatim: path)
    case .builtin: list.add("-bios", verbatim: places.firmwareROM)
    case .uefi(let files):
      list.add(
        "-blockdev",
        [
          "driver": "file", "node-name": .string(NodeName.uefiCode), "filename": .string(files.code),
          "read-only": true,
        ])
      list.add(
        "-blockdev",
        [
          "driver": "file", "node-name": .string(NodeName.uefiVariables),
          "filename": .string(places.uefiVariables),
        ])
    }
  }
}
