extension Machine {
  /// The machine type, its CPUs and its memory.
  func addBoard(to list: inout ArgumentList) {
    var board = OptionText(type.name)
    for (name, value) in type.options.sorted(by: { $0.key < $1.key }) { board = board.with(name, value) }
    for option in devices.flatMap(\.machineOptions) { board = board.with(option.name, option.value) }
    list.add("-machine", board)
    list.add("-accel", OptionText(accelerator.rawValue))
    // Commas separate features here and cannot be escaped; a definition's value was checked for that.
    list.add("-cpu", verbatim: cpu)
    var smp = OptionText("cpus", "\(cpus)")
    if let topology = devices.all(CPUTopology.self).first {
      smp = smp.with("sockets", "\(topology.sockets)").with("cores", "\(topology.cores)")
        .with("threads", "\(topology.threads)")
    }
    list.add("-smp", smp)
    list.add("-m", OptionText("size", "\(memory.mebibytes)M"))
  }
}
