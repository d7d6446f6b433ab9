/// What QEMU's refusals to start are about: the definition's key, and where to look.
enum RefusalHint {
  /// The hints for a refusal in QEMU's words; empty for one that is not known.
  static func hints(for words: String) -> [String] {
    known.filter { words.contains($0.words) }.prefix(1).map(\.hint)
  }

  /// Parts of QEMU's messages, of 7.2 to 10.0, the particular before the general.
  private static let known: [(words: String, hint: String)] = [
    (
      "killed by its sandbox",
      "The key is arguments: make a tap beforehand ('ip tuntap add') and give it with script=no,downscript=no."
    ),
    ("unsupported machine type", "The key is machine: 'qemu-system-x86_64 -machine help' lists the types."),
    ("unable to find CPU model", "The key is cpu: 'qemu-system-x86_64 -cpu help' lists the models."),
    ("\"write\" lock", "Another process has the disk image open, perhaps another QEMU: 'lslocks' names it."),
    ("Could not set up host forwarding", "A port of the key ports is in use: 'ss -lntup' names who has it."),
    (
      "KVM kernel module",
      "The key is accelerator: \"tcg\" does without KVM; 'ls -l /dev/kvm' shows who may use it."
    ),
    (
      "kvm_buf_set_msrs",
      "This host's KVM cannot run that CPU model: name another with the key cpu, or write accelerator: \"tcg\"."
    ),
    ("cannot set up guest memory", "The key is memory: the host has not as much to give ('free -h')."),
    ("Cannot allocate memory", "The key is memory: the host has not as much to give ('free -h')."),
    ("is not a valid device model name", "The key is arguments: this QEMU does not know that device."),
    ("invalid option", "The key is arguments: this QEMU does not know that option."),
    (
      "Could not open",
      "A file of the definition is missing or may not be read: see disks, kernel and firmware."
    ),
    ("No such file", "A file of the definition is missing: see disks, kernel and firmware."),
  ]
}
