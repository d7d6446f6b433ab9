internal import JSON

extension Machine {
  /// What the CPUs run first; the flash devices that UEFI needs are attached by `-machine`.
  func addFirmware(to list: inout ArgumentList) {
    switch firmware {
    case .ofMachineType: break
    case .rom(let path): list.add("-bios", verbatim: path)
    case .builtin: list.add("-bios", verbatim: places.firmwareROM)
    case .uefi(let files, let format, _):
      list.add("-blockdev", files.codeFormat.node(NodeName.uefiCode, files.code, readOnly: true))
      list.add("-blockdev", format.node(NodeName.uefiVariables, places.uefiVariables(format)))
    }
  }
}

extension FlashFormat {
  /// A flash image as QEMU opens it.
  fileprivate func node(_ name: String, _ file: String, readOnly: Bool = false) -> JSONObject {
    var node: JSONObject
    switch self {
    case .raw:
      node = ["driver": "file", "node-name": .string(name), "filename": .string(file)]
    case .qcow2:
      node = ["driver": "qcow2", "node-name": .string(name)]
      node["file"] = ["driver": "file", "node-name": .string(name + "-file"), "filename": .string(file)]
    }
    if readOnly { node["read-only"] = true }
    return node
  }
}
