internal import Control

// What QEMU's own words are about: the only place where a decision is read out of them.
extension RefusalKind {
  /// Nil for words that are not known.
  init?(saidByQEMU words: String) {
    guard let found = Self.known.first(where: { words.contains($0.words) }) else { return nil }
    self = found.kind
  }

  /// Parts of QEMU's messages, of 7.2 to 10.0, the particular before the general.
  private static let known: [(words: String, kind: RefusalKind)] = [
    ("unsupported machine type", .machineType), ("unable to find CPU model", .cpuModel),
    ("\"write\" lock", .imageInUse), ("Could not set up host forwarding", .portInUse),
    ("KVM kernel module", .kvm), ("kvm_buf_set_msrs", .cpuUnderKVM),
    ("cannot set up guest memory", .memory), ("Cannot allocate memory", .memory),
    ("is not a valid device model name", .device), ("invalid option", .option), ("Could not open", .file),
    ("No such file", .file),
  ]
}
