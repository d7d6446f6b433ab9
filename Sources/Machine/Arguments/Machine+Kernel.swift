extension Machine {
  /// A Linux kernel that QEMU loads itself.
  func addKernel(to list: inout ArgumentList) {
    guard let kernel else { return }
    list.add("-kernel", verbatim: kernel.file)
    if let initrd = kernel.initrd { list.add("-initrd", verbatim: initrd) }
    if let commandLine = kernel.commandLine { list.add("-append", verbatim: commandLine) }
  }
}
