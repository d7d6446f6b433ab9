internal import Host
internal import Inspection
internal import Machine

/// Whether guests run at the host's own speed, and whether 64-bit ones do.
struct KVMCheck {
  let context: Context

  func findings() -> [Finding] {
    switch KVM.availability() {
    case .unusable(let why):
      return [
        .warning(
          "KVM", "\(why). Until then guests run under TCG, ten to thirty times as slow.", module ?? "")
      ].map(Self.withoutEmptyAdvice)
    case .usable:
      return [.ok("KVM", "/dev/kvm opens and creates a virtual machine\(facts)")] + guest
    }
  }

  private static func withoutEmptyAdvice(_ finding: Finding) -> Finding {
    Finding(
      subject: finding.subject, verdict: finding.verdict, text: finding.text,
      advice: finding.advice.filter { !$0.isEmpty })
  }

  /// What loads the kernel's part of it, where the CPU could and nobody has.
  private var module: String? {
    let names = HostText.lines("/proc/modules").compactMap { $0.split(separator: " ").first }
    guard !names.contains("kvm_intel"), !names.contains("kvm_amd") else { return nil }
    switch virtualization {
    case "vmx": return "modprobe kvm_intel"
    case "svm": return "modprobe kvm_amd"
    default:
      return
        "The CPU shows neither vmx nor svm: switch virtualization on in the firmware's setup, or, where this host "
        + "is a virtual machine, nested virtualization on its host."
    }
  }

  /// The CPU's own word for what KVM needs.
  private var virtualization: Substring? {
    let flags = HostText.lines("/proc/cpuinfo").first { $0.prefix(5) == "flags" }
    return flags?.split(separator: " ").first { $0 == "vmx" || $0 == "svm" }
  }

  /// Which module it is, and whether guests can have guests.
  private var facts: String {
    for module in ["kvm_intel", "kvm_amd"] {
      guard let nested = HostText.file("/sys/module/\(module)/parameters/nested") else { continue }
      return " (\(module), nested \(nested == "1" || nested == "Y" ? "on" : "off"))"
    }
    return ""
  }

  /// Whether a 64-bit guest gets on with the CPU that VMs have by default, and else with a plain one.
  private var guest: [Finding] {
    #if arch(x86_64)
      guard let qemu = ProgramsCheck.qemu(context) else { return [] }
      let host = course(qemu, "host")
      if host == .done { return [.ok("64-bit guest", "a small one runs under KVM as it should")] }
      let plain = course(qemu, "qemu64")
      if plain == .done {
        return [
          .warning(
            "64-bit guest",
            "a small one runs under KVM with the CPU qemu64, and not with the host's own, which VMs have by default: "
              + Self.words(host), "Give the VM another CPU with the key cpu: \"qemu64\".")
        ]
      }
      return [
        .failure(
          "64-bit guest",
          "KVM opens and does not run a small 64-bit guest. With the CPU host: \(Self.words(host)). With qemu64: "
            + "\(Self.words(plain)).",
          "Such a guest runs under TCG: the key accelerator: \"tcg\", for each VM with a 64-bit system.")
      ]
    #else
      return []
    #endif
  }

  private func course(_ qemu: String, _ cpu: String) -> LongModeGuest.Course {
    do throws(SystemError) {
      return try LongModeGuest(qemu: qemu, accelerator: "kvm", cpu: cpu).course()
    } catch {
      return .stuck(after: nil, how: "it cannot be tried: \(error)")
    }
  }

  private static func words(_ course: LongModeGuest.Course) -> String {
    switch course {
    case .done: "it runs"
    case .without: "the CPU that it sees has no 64-bit mode"
    case .stuck(let step, let how): [step, how].compactMap { $0 }.joined(separator: "; ")
    }
  }
}
