import Machine
import Testing

@Suite("Resolving machines")
struct ResolvingTests {
  private static func host(_ kvm: KVMAvailability, uefi: Bool = true) -> HostFacts {
    HostFacts(
      emulator: Example.emulator, kvm: kvm, firmware: uefi ? Example.host.firmware : HostFirmware())
  }

  private static let closed = KVMAvailability.unusable("/dev/kvm: Permission denied; join the group 'kvm'")

  @Test("The accelerator is KVM where it works, else TCG with one line why")
  func accelerator() throws {
    let kvm = try Example.machine("", host: Self.host(.usable))
    #expect(kvm.accelerator == .kvm)
    #expect(kvm.acceleratorNote == nil)
    #expect(kvm.cpu == "host")
    let tcg = try Example.machine("", host: Self.host(Self.closed))
    #expect(tcg.accelerator == .tcg)
    #expect(
      tcg.acceleratorNote
        == "KVM cannot be used, so the guest runs slower under TCG: /dev/kvm: Permission denied; join the group 'kvm'"
    )
    #expect(tcg.cpu == "max")
    let asked = try Example.machine("accelerator: \"tcg\"", host: Self.host(.usable))
    #expect(asked.accelerator == .tcg)
    #expect(asked.acceleratorNote == nil)
  }

  @Test("A microvm has ACPI, and with it a power button, under KVM only, unless told otherwise")
  func microvm() throws {
    func type(_ keys: String) throws -> MachineType {
      try Example.machine("profile: \"microvm\", " + keys).type
    }
    let kvm = try type("accelerator: \"kvm\"")
    #expect(kvm.options["acpi"] == nil)
    #expect(kvm.hasPowerButton)
    let tcg = try type("accelerator: \"tcg\"")
    #expect(tcg.options["acpi"] == "off")
    #expect(!tcg.hasPowerButton)
    #expect(try type("accelerator: \"tcg\", machine: { acpi: true }").hasPowerButton)
    let withoutACPI = try Example.machine("machine: { type: \"pc\", acpi: false }")
    #expect(!withoutACPI.type.hasPowerButton)
  }

  @Test("A machine option's value ends where it should")
  func optionValue() throws {
    let machine = try Example.machine("machine: { a: \"x,usb=on\", b: 5 }")
    #expect(machine.arguments.contains("q35,a=x,,usb=on,b=5,dump-guest-core=off,graphics=off,usb=off"))
  }

  @Test("KVM that is asked for and cannot be used is an error with the fix")
  func kvmMissing() {
    #expect {
      try Example.machine("accelerator: \"kvm\"", host: Self.host(Self.closed))
    } throws: {
      "\($0)"
        == "qemuvm.json5:1:29: accelerator: KVM cannot be used: /dev/kvm: Permission denied; join the group 'kvm'"
    }
  }

  @Test("UEFI without its firmware on the host is an error with the fix")
  func uefiMissing() {
    #expect {
      try Example.machine("profile: \"linux-uefi\"", host: Self.host(.usable, uefi: false))
    } throws: {
      let message = "\($0)"
      return message.hasPrefix("builtin:linux-uefi.json5:")
        && message.contains("no UEFI firmware for 'q35' was found")
        && message.contains("install the package 'ovmf'")
    }
  }

  @Test("Memory for each CPU is multiplied")
  func memoryPerCPU() throws {
    #expect(try Example.machine("cpus: 3, memoryPerCPU: \"256M\"").memory == .mebibytes(768))
  }

  @Test("The restart policy has the documented defaults")
  func restart() throws {
    let policy = try Example.machine("").restart
    #expect(policy == RestartPolicy())
    #expect(policy.mode == .onFailure)
    #expect(policy.delay == .milliseconds(100))
    #expect(policy.maxDelay == .seconds(60))
    #expect(policy.burst == nil)
    #expect(policy.resetAfter == .seconds(60))
    #expect(try Example.machine("").stopTimeout == .seconds(60))
    #expect(try Example.machine("restart: { delay: \"5m\" }").restart.maxDelay == .seconds(300))
  }

  @Test("A card's hardware address is the same at every start and another for another VM")
  func hardwareAddress() throws {
    let address = try Example.machine("").networkCards[0].address
    #expect(address == MACAddress(uuid: Example.uuid, card: 0))
    #expect(address.description.hasPrefix("52:54:00:"))
    var generator = SystemRandomNumberGenerator()
    let others = (0..<100).map { _ in MACAddress(uuid: .random(using: &generator), card: 0) }
    #expect(Set(others).count > 98)
    #expect(MACAddress(uuid: Example.uuid, card: 1) != address)
  }

  @Test("Files to prepare and files to look for are listed")
  func files() throws {
    let hello = try Example.machine("profile: \"hello\"")
    let rom = FirmwareROM.image(of: BuiltinProfiles.firmware("hello") ?? [])
    #expect(hello.filesToPrepare == [.write(bytes: rom, to: "/state/web/firmware.rom")])
    #expect(hello.requiredFiles == [])
    let uefi = try Example.machine("profile: \"linux-uefi\", kernel: \"k\", disks: [\"a.raw\"]")
    #expect(
      uefi.filesToPrepare
        == [.copyUnlessPresent(from: "/usr/share/OVMF/OVMF_VARS_4M.fd", to: "/state/web/uefi-vars.fd")])
    #expect(uefi.requiredFiles.map(\.key) == ["kernel", "disks[0].file"])
    #expect(uefi.requiredFiles.map(\.path) == ["/lab/k", "/lab/a.raw"])
    #expect(uefi.requiredFiles.map(\.isWritten) == [false, true])
  }

  @Test("The same definition gives the same arguments, whatever the order of its keys")
  func deterministic() throws {
    let one = try Example.machine("cpus: 2, machine: { a: 1, b: 2, c: 3, d: 4 }, disks: [\"a.raw\"]")
    let two = try Example.machine("disks: [\"a.raw\"], machine: { d: 4, c: 3, b: 2, a: 1 }, cpus: 2")
    #expect(one == two)
    #expect(one.arguments == two.arguments)
  }
}
