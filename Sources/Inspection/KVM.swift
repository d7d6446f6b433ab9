internal import Glibc
internal import Host
package import Machine

/// Whether KVM works here: /dev/kvm opens and creates a VM.
package enum KVM {
  /// Asks the kernel; corresponds to KVM_CREATE_VM, QEMU's own first step.
  ///
  /// Takes up to some milliseconds.
  package static func availability(device: String = "/dev/kvm") -> KVMAvailability {
    let file: FileDescriptor
    do throws(SystemError) {
      file = try FileDescriptor.open(device, O_RDWR)
    } catch {
      switch error.code {
      case ENOENT, ENODEV, ENXIO:
        return .unusable(
          """
          \(device) is not there: load the module kvm_intel or kvm_amd; inside a virtual machine, nested \
          virtualization must be enabled on its host
          """)
      case EACCES, EPERM:
        return .unusable("\(device) may not be opened: \(wayIn(device))")
      default:
        return .unusable("\(device) cannot be opened: \(error.reason)")
      }
    }
    let createVM: UInt = 0xAE01  // _IO(KVMIO, 0x01), linux/kvm.h
    let machine = ioctl(file.rawValue, createVM, 0)
    guard machine >= 0 else {
      let error = SystemError("KVM_CREATE_VM", device)
      return .unusable("\(device) opens but creates no virtual machine: \(error.reason)")
    }
    close(machine)
    return .usable
  }

  /// How this user gets to the device, by its own group and rights.
  private static func wayIn(_ device: String) -> String {
    var status = stat()
    let user = User.name(geteuid())
    guard stat(device, &status) == 0 else { return "'ls -l \(device)' shows who may" }
    let group = Group.name(status.st_gid)
    guard status.st_mode & 0o060 == 0o060, status.st_gid != 0 else {
      return "its group may not use it either ('ls -l \(device)'); 'chmod 660' and 'chgrp kvm' are customary"
    }
    return "'usermod -aG \(group) \(user)', as root, gives it to this user at the next login"
  }
}
