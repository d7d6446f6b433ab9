extension Fleet {
  /// Writes a lab file with one VM, `web` in the lab `shop`, on the hello profile.
  ///
  /// `keys` are more lines of the definition, each with its comma.
  func define(_ keys: String = "") throws {
    try write("{ lab: 'shop', vms: { web: { profile: 'hello', \(keys) } } }")
  }

  /// Defines `web` as the firmware guest that obeys its serial port.
  func defineObedient(_ act: Guests.FirstAct = .nothing, _ keys: String = "") async throws {
    let firmware = try await Guests.firmware(act)
    try define(
      """
      firmware: '\(firmware)', accelerator: 'tcg',
      arguments: ['-device', 'pvpanic'], \(keys)
      """)
  }

  /// Types a byte that the obedient guest acts on: O power off, P panic, R reset.
  func tellGuest(_ byte: String, vm name: String = "web") async throws {
    try await wait(for: name, toSay: "READY")
    let console = try await console(of: name)
    try await console.write(byte)
    // Hanging up at once could take the byte away from a guest that has not read it yet.
    hold(console)
  }
}
