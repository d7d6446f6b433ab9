extension Machine {
  /// The machine type, its CPUs and its memory.
  func addBoard(to list: inout ArgumentList) {
    var board = OptionText(type.name)
    for (name, value) in type.options.sorted(by: { $0.key < $1.key }) { board = board.with(name, value) }
    if case .uefi = firmware {
      board = board.with("pflash0", NodeName.uefiCode).with("pflash1", NodeName.uefiVariables)
    }
    list.add("-machine", board)
    list.add("-accel", OptionText(accelerator.rawValue))
    // Commas separate features here and cannot be escaped; a definition's value was checked for that.
    list.add("-cpu", verbatim: cpu)
    list.add("-smp", OptionText("cpus", "\(cpus)"))
    list.add("-m", OptionText("size", "\(memory.mebibytes)M"))
  }
}
