internal import JSON

/// A TPM 2.0, emulated by swtpm(8), whose state is the VM's own and kept like its UEFI variables.
///
/// Key: `tpm`. QEMU's documentation: docs/specs/tpm.rst, the emulator backend.
struct TPM: Device {
  private static let name = "tpm"
  private static let (backend, channel) = ("tpm-backend", "tpm-channel")

  let paths: MachinePaths

  var id: DeviceID { DeviceID(Self.name) }
  let properties: JSONObject = ["tpm": true]
  var shown: [(key: String, value: String)] { [(key, "2.0, by swtpm")] }

  var filesToPrepare: [FileToPrepare] { [.folder(paths.tpmState)] }

  var helper: DeviceHelper? {
    let ready = paths.helper(Self.name) + "/pid"
    return DeviceHelper(
      name: Self.name, title: "its TPM", key: key,
      program: DeviceHelper.Program("swtpm", advice: "The package swtpm has it."),
      arguments: [
        "socket", "--tpm2", "--terminate",
        "--tpmstate", "dir=\(paths.tpmState),mode=0600",
        "--ctrl", "type=unixio,fd=\(DeviceHelper.socketDescriptor)",
        "--pid", "file=\(ready)",
      ], socket: socket, readyFile: ready, death: .endOwner)
  }

  private var socket: String { paths.helper(Self.name) + "/socket" }

  func backends(in context: DeviceContext) -> [DeviceArgument] {
    [
      .chardev(OptionText("socket").with("id", Self.channel).with("path", socket)),
      .option("-tpmdev", verbatim: "emulator,id=\(Self.backend),chardev=\(Self.channel)"),
    ]
  }

  func frontends(in context: DeviceContext) -> [DeviceArgument] {
    var device = context.device("tpm-crb", of: self)
    device["tpmdev"] = .string(Self.backend)
    return [.device(device)]
  }
}

extension DeviceKind {
  static let tpm = DeviceKind(keys: [SettingKey("tpm", \.tpm)]) { resolver in
    guard resolver.settings.tpm == true else { return [] }
    if !resolver.type.family.isPC {
      resolver.report(
        "tpm", "a TPM works with the machine types 'pc' and 'q35' only, not with '\(resolver.type.name)'")
    }
    // swtpm takes an option's text to end at a comma.
    if (resolver.paths.tpmState + resolver.paths.helpers).contains(",") {
      resolver.report(
        "tpm",
        "swtpm takes no path with a comma, such as \(resolver.paths.tpmState); name another state folder with "
          + "QEMUVM_STATE_DIR")
    }
    return [TPM(paths: resolver.paths)]
  }
}

extension Settings {
  package var tpm: Bool? {
    get { devices["tpm"] }
    set { devices["tpm"] = newValue }
  }
}
