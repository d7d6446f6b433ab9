internal import Host
internal import JSON

extension BareQEMU.Plan {
  /// The plans of bare QEMUs with the arguments that qemuvm gave to a guest of its own which runs now.
  ///
  /// `folderName` is the guest's folder in the state: `hello`, or a lab's guest as the state names it. Each plan has a
  /// folder of its own, to which the paths in the arguments are turned.
  static func copies(of guest: String, count: Int = 1, _ workshop: Workshop) throws -> [BareQEMU.Plan] {
    let words = (try workshop.ask(["args", guest, "--json"]).array ?? []).compactMap(\.string)
    guard let program = words.first, let firmware = words.last(where: { $0.hasSuffix("/firmware.rom") })
    else {
      throw MeasurementFailure("'qemuvm args \(guest)' names no program or no firmware: \(words)")
    }
    let stateFolder = FileSystem.parent(of: firmware)
    let runtimeFolder = workshop.runtime + "/vms/" + String(stateFolder.dropFirst(workshop.state.count + 5))
    return try (1...count).map { number in
      let folder = workshop.root + "/bare-\(number)"
      try FileSystem.makeDirectory(folder)
      try FileSystem.replace(folder + "/firmware.rom", with: try FileSystem.read(firmware), durable: false)
      let arguments = words.dropFirst().map {
        $0.replacing(stateFolder + "/", with: folder + "/").replacing(runtimeFolder + "/", with: folder + "/")
      }
      return BareQEMU.Plan(program: program, arguments: arguments, folder: folder)
    }
  }
}
