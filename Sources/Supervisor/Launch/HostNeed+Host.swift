internal import Glibc
internal import Host
internal import Machine

/// What this host lacks of what a machine needs, and the way out of it.
struct UnmetNeed: Sendable, Equatable {
  let words: String
  let advice: String
}

extension HostNeed {
  /// Whether it is there now and may be gone at the next look, as a port is.
  var isPassing: Bool {
    switch self {
    case .hugePages, .contextID: true
    case .numaNode, .cpus, .pciDevice: false
    }
  }

  /// Nil where the host has it, or where that cannot be told: then QEMU will.
  func unmet(sys: String = "/sys", dev: String = "/dev") -> UnmetNeed? {
    switch self {
    case .hugePages(let memory, let size): HugePages(sys: sys).unmet(memory, of: size)
    case .numaNode(let number): Self.unmet(node: number, sys)
    case .cpus(let set): Self.unmet(cpus: set, sys)
    case .pciDevice(let address, let memory):
      HostPCIDevice(address, sys: sys, dev: dev).unmet() ?? Self.unmet(lockedMemory: memory)
    case .contextID(let number): Self.unmet(contextID: number, dev)
    }
  }

  private static func unmet(node: Int, _ sys: String) -> UnmetNeed? {
    let folder = "\(sys)/devices/system/node"
    guard FileSystem.exists(folder), !FileSystem.exists("\(folder)/node\(node)") else { return nil }
    return UnmetNeed(
      words: "this host has no NUMA node \(node)", advice: "'lscpu | grep NUMA' shows those that it has.")
  }

  private static func unmet(cpus: CPUSet, _ sys: String) -> UnmetNeed? {
    guard let online = KernelFile.line("\(sys)/devices/system/cpu/online").flatMap({ CPUSet($0) }) else {
      return nil
    }
    let missing = CPUSet(cpus.numbers.filter { !online.numbers.contains($0) })
    guard !missing.numbers.isEmpty else { return nil }
    return UnmetNeed(
      words: "this host has no CPU \(missing) that runs; it has \(online)",
      advice: "Name some of those with the key cpuPinning.")
  }

  /// A device that reads and writes the guest's memory by itself needs all of it to stay where it is.
  private static func unmet(lockedMemory memory: ByteCount) -> UnmetNeed? {
    guard geteuid() != 0 else { return nil }
    var limit = rlimit()
    // QEMU and its tables need some more than the guest.
    let needed = memory.bytes + (256 << 20)
    guard getrlimit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue), &limit) == 0, limit.rlim_cur < needed
    else { return nil }
    let user = User.name(geteuid())
    return UnmetNeed(
      words:
        "\(user) may lock \(ByteCount(bytes: UInt64(limit.rlim_cur))) of memory, and a device of the host's needs all "
        + "of the guest's, \(memory), and some more",
      advice: "Raise the limit: 'ulimit -l', memlock in limits.conf(5), or LimitMEMLOCK= of a unit.")
  }

  private static func unmet(contextID: UInt32, _ dev: String) -> UnmetNeed? {
    let device = "\(dev)/vhost-vsock"
    let file: FileDescriptor
    do throws(SystemError) {
      file = try FileDescriptor.open(device, O_RDWR)
    } catch {
      let advice =
        error.code == EACCES || error.code == EPERM
        ? "'ls -l \(device)' shows who may; its group is kvm on most hosts."
        : "'modprobe vhost_vsock', as root, loads the module that makes it."
      return UnmetNeed(words: "\(device): \(error.reason)", advice: advice)
    }
    // VHOST_VSOCK_SET_GUEST_CID of linux/vhost.h: nobody else has it for as long as this is open.
    var number = UInt64(contextID)
    guard ioctl(file.rawValue, 0x4008_AF60, &number) != 0, errno == EADDRINUSE else { return nil }
    return UnmetNeed(
      words: "another guest of this host has the context ID \(contextID)",
      advice: "Write another number with the key vsock.")
  }
}

/// Huge pages as the kernel has them; its documentation: admin-guide/mm/hugetlbpage.rst.
private struct HugePages {
  let sys: String

  func unmet(_ memory: ByteCount, of size: ByteCount?) -> UnmetNeed? {
    let folder = "\(sys)/kernel/mm/hugepages"
    let sizes = ((try? FileSystem.names(in: folder)) ?? []).compactMap(Self.size).sorted()
    guard let size = size ?? Self.usual ?? sizes.first else { return nil }
    guard sizes.contains(size) else {
      return UnmetNeed(
        words: "this host has no huge pages of \(size)",
        advice: sizes.isEmpty
          ? "Its kernel has none at all: leave the key hugepages out."
          : "It has some of \(sizes.map(\.description).joined(separator: " and ")).")
    }
    let own = "\(folder)/hugepages-\(size.bytes >> 10)kB"
    guard memory.bytes % size.bytes == 0 else {
      return UnmetNeed(
        words: "\(memory) of memory is not a whole number of pages of \(size)",
        advice: "Give it a multiple of that with the key memory.")
    }
    guard let free = KernelFile.number("\(own)/free_hugepages") else { return nil }
    // Promised to others, who have not touched them yet.
    let ready = free - (KernelFile.number("\(own)/resv_hugepages") ?? 0)
    let needed = Int(clamping: memory.bytes / size.bytes)
    guard ready < needed else { return nil }
    let there = KernelFile.number("\(own)/nr_hugepages") ?? free
    return UnmetNeed(
      words:
        "\(memory) of memory needs \(needed) free huge pages of \(size), and this host has \(max(ready, 0))",
      advice:
        "'echo \(there + needed - max(ready, 0)) > \(own)/nr_hugepages', as root, makes so many; "
        + "vm.nr_hugepages of sysctl.conf(5) keeps a number over the next boot.")
  }

  /// The size in a folder's name, `hugepages-2048kB`.
  private static func size(ofFolder name: String) -> ByteCount? {
    guard name.hasPrefix("hugepages-"), name.hasSuffix("kB"),
      let size = UInt64(name.dropFirst(10).dropLast(2))
    else { return nil }
    return ByteCount(bytes: size << 10)
  }

  /// That of the kernel's own choice; proc(5), meminfo.
  private static var usual: ByteCount? {
    // Without /proc it is not known.
    guard let bytes = try? FileSystem.read("/proc/meminfo") else { return nil }
    let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first {
      $0.prefix { $0 != ":" } == "Hugepagesize"
    }
    return line?.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }.map {
      ByteCount(bytes: $0 << 10)
    }
  }
}

/// A PCI device as the kernel shows it; its documentation: driver-api/vfio.rst.
private struct HostPCIDevice {
  private static let driver = "vfio-pci"

  let address: PCIAddress
  let sys: String
  let dev: String

  init(_ address: PCIAddress, sys: String, dev: String) {
    (self.address, self.sys, self.dev) = (address, sys, dev)
  }

  private func folder(_ address: String) -> String { "\(sys)/bus/pci/devices/\(address)" }

  func unmet() -> UnmetNeed? {
    let name = "\(address)"
    guard FileSystem.exists("\(sys)/bus/pci/devices") else { return nil }
    guard FileSystem.exists(folder(name)) else {
      return UnmetNeed(words: "this host has no PCI device \(name)", advice: "'lspci -D' lists them.")
    }
    guard let group = FileSystem.linkTarget(folder(name) + "/iommu_group").map(FileSystem.name) else {
      return UnmetNeed(
        words: "the host does not hold \(name) back from memory of others: it has no IOMMU group",
        advice:
          "Switch on VT-d or AMD-Vi in the host's firmware, and intel_iommu=on on its kernel's command line.")
    }
    if driver(of: name) != Self.driver { return unbound(name) }
    // Devices of one group reach each other's memory: the guest gets all of them, or none.
    let others = ((try? FileSystem.names(in: folder(name) + "/iommu_group/devices")) ?? []).filter {
      $0 != name
    }
    let inUse = others.sorted().first { other in
      guard let driver = driver(of: other) else { return false }
      return driver != Self.driver && driver != "pcieport"
    }
    if let inUse {
      return UnmetNeed(
        words:
          "\(inUse) is in its IOMMU group, \(group), and the host's driver \(driver(of: inUse) ?? "") has it",
        advice: "Devices of a group go together: bind that one to \(Self.driver) as well. \(bind(inUse))")
    }
    let place = "\(dev)/vfio/\(group)"
    guard let error = FileSystem.refusal(place, writing: true) else { return nil }
    return UnmetNeed(
      words: "\(place): \(error.reason)",
      advice: "'chown \(User.name(geteuid())) \(place)', as root, gives it to the user that runs QEMU.")
  }

  private func unbound(_ name: String) -> UnmetNeed {
    let has = driver(of: name).map { "the host's driver \($0) has it" } ?? "no driver has it"
    return UnmetNeed(
      words: "\(name) is not bound to \(Self.driver): \(has)", advice: bind(name))
  }

  private func bind(_ name: String) -> String {
    "'driverctl set-override \(name) \(Self.driver)', as root, binds it, also at the next boot."
  }

  private func driver(of name: String) -> String? {
    FileSystem.linkTarget(folder(name) + "/driver").map(FileSystem.name)
  }
}

/// A file of one line that the kernel makes up.
private enum KernelFile {
  /// Nil where there is none.
  static func line(_ path: String) -> String? {
    guard let bytes = try? FileSystem.read(path) else { return nil }
    return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }

  static func number(_ path: String) -> Int? { line(path).flatMap { Int($0) } }
}
