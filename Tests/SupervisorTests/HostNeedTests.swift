import Host
import Machine
import Testing

@testable import Supervisor

/// What a host lacks is told before a start, by folders that look as the kernel's do.
@Suite("What a machine needs of the host")
struct HostNeedTests {
  private final class Kernel {
    let folder = "/tmp/qemuvm-host-need-\(UInt64.random(in: 0 ... .max))"
    var sys: String { folder + "/sys" }
    var dev: String { folder + "/dev" }

    deinit { try? FileSystem.removeTree(folder) }  // left behind, it is a few small files below /tmp

    func put(_ text: String, _ path: String) throws {
      try FileSystem.makeDirectory(FileSystem.parent(of: "\(folder)/\(path)"))
      try FileSystem.replace("\(folder)/\(path)", with: Array(text.utf8), durable: false)
    }

    func link(_ path: String, to target: String) throws {
      try FileSystem.makeDirectory(FileSystem.parent(of: "\(folder)/\(path)"))
      try FileSystem.link("\(folder)/\(path)", to: "\(folder)/\(target)")
    }

    func unmet(_ need: HostNeed) -> UnmetNeed? { need.unmet(sys: sys, dev: dev) }
  }

  @Test("Huge pages: the size, and as many as are free and promised to nobody")
  func hugePages() throws {
    let kernel = Kernel()
    let pages = "sys/kernel/mm/hugepages/hugepages-2048kB"
    for (name, number) in [("nr", 600), ("free", 520), ("resv", 9)] {
      try kernel.put("\(number)\n", "\(pages)/\(name)_hugepages")
    }
    let two = ByteCount.mebibytes(2)
    let unmet = kernel.unmet(.hugePages(memory: .gibibytes(1), of: two))
    #expect(unmet?.words == "1G of memory needs 512 free huge pages of 2M, and this host has 511")
    #expect(unmet?.advice.contains("'echo 601 > \(kernel.folder)/\(pages)/nr_hugepages'") == true)
    #expect(kernel.unmet(.hugePages(memory: .mebibytes(1022), of: two)) == nil)
    let other = kernel.unmet(.hugePages(memory: .gibibytes(1), of: .gibibytes(1)))
    #expect(other == UnmetNeed(words: "this host has no huge pages of 1G", advice: "It has some of 2M."))
  }

  @Test("CPUs and NUMA nodes that are not there")
  func cpus() throws {
    let kernel = Kernel()
    try kernel.put("0-3\n", "sys/devices/system/cpu/online")
    try kernel.put("", "sys/devices/system/node/node0/cpulist")
    #expect(kernel.unmet(.cpus(CPUSet(0...3))) == nil)
    #expect(
      kernel.unmet(.cpus(CPUSet([1, 4, 5])))?.words == "this host has no CPU 4-5 that runs; it has 0-3")
    #expect(kernel.unmet(.numaNode(0)) == nil)
    #expect(kernel.unmet(.numaNode(1))?.words == "this host has no NUMA node 1")
  }

  @Test("A PCI device: there, in a group, bound to vfio-pci with all of its group, and this user's")
  func pciDevice() throws {
    let kernel = Kernel()
    let (own, other) = ("0000:01:00.0", "0000:01:00.1")
    let address = try #require(PCIAddress("01:00.0"))
    let need = HostNeed.pciDevice(address, memory: .mebibytes(1))
    #expect(kernel.unmet(need) == nil)
    try kernel.put("", "sys/bus/pci/devices/0000:00:00.0/class")
    #expect(kernel.unmet(need)?.words == "this host has no PCI device \(own)")
    try kernel.put("", "sys/bus/pci/devices/\(own)/class")
    #expect(kernel.unmet(need)?.words.contains("it has no IOMMU group") == true)
    try kernel.put("", "sys/kernel/iommu_groups/12/type")
    for device in [own, other] {
      try kernel.put("", "sys/bus/pci/devices/\(device)/vendor")
      try kernel.put("", "sys/kernel/iommu_groups/12/devices/\(device)")
      try kernel.link("sys/bus/pci/devices/\(device)/iommu_group", to: "sys/kernel/iommu_groups/12")
    }
    #expect(kernel.unmet(need)?.words == "\(own) is not bound to vfio-pci: no driver has it")
    try kernel.put("", "sys/bus/pci/drivers/vfio-pci/bind")
    try kernel.put("", "sys/bus/pci/drivers/e1000e/bind")
    try kernel.link("sys/bus/pci/devices/\(own)/driver", to: "sys/bus/pci/drivers/vfio-pci")
    try kernel.link("sys/bus/pci/devices/\(other)/driver", to: "sys/bus/pci/drivers/e1000e")
    let shared = kernel.unmet(need)
    #expect(shared?.words == "\(other) is in its IOMMU group, 12, and the host's driver e1000e has it")
    #expect(shared?.advice.contains("'driverctl set-override \(other) vfio-pci'") == true)
    try FileSystem.remove("\(kernel.sys)/bus/pci/devices/\(other)/driver")
    #expect(kernel.unmet(need)?.words == "\(kernel.dev)/vfio/12: No such file or directory")
    try kernel.put("", "dev/vfio/12")
    #expect(kernel.unmet(need) == nil)
  }

  @Test("Sockets to the guest: without the module, which makes the device")
  func contextID() throws {
    let kernel = Kernel()
    let unmet = kernel.unmet(.contextID(7))
    #expect(unmet?.words == "\(kernel.dev)/vhost-vsock: No such file or directory")
    #expect(unmet?.advice.contains("modprobe vhost_vsock") == true)
  }
}
