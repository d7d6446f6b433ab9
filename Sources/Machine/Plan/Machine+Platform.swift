extension Machine {
  /// What the guest's clock shows at the start, where it is not QEMU's own choice.
  func addClock(to list: inout ArgumentList) {
    if clock == .localtime { list.add("-rtc", OptionText("base", clock.rawValue)) }
  }

  /// What the guest reads of its machine.
  func addSMBIOS(to list: inout ArgumentList) {
    guard let smbios else { return }
    for entry in smbios.entries {
      let table = OptionText("type", "\(entry.table.type)")
      list.add("-smbios", entry.texts.reduce(table) { $0.with($1.name, $1.value) })
    }
    guard !smbios.oemStrings.isEmpty else { return }
    list.add("-smbios", smbios.oemStrings.reduce(OptionText("type", "11")) { $0.with("value", $1) })
  }
}
