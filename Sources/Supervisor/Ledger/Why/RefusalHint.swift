internal import Control

extension RefusalKind {
  /// The definition's key, and where to look.
  var hint: String {
    switch self {
    case .machineType: "The key is machine: 'qemu-system-x86_64 -machine help' lists the types."
    case .cpuModel: "The key is cpu: 'qemu-system-x86_64 -cpu help' lists the models."
    case .imageInUse: "Another process has the disk image open, perhaps another QEMU: 'lslocks' names it."
    case .portInUse: "A port of the key ports is in use: 'ss -lntup' names who has it."
    case .kvm: "The key is accelerator: \"tcg\" does without KVM; 'ls -l /dev/kvm' shows who may use it."
    case .cpuUnderKVM:
      "This host's KVM cannot run that CPU model: name another with the key cpu, or write accelerator: \"tcg\"."
    case .memory: "The key is memory: the host has not as much to give ('free -h')."
    case .device: "The key is arguments: this QEMU does not know that device."
    case .option: "The key is arguments: this QEMU does not know that option."
    case .file: "A file of the definition is missing or may not be read: see disks, kernel and firmware."
    }
  }
}
