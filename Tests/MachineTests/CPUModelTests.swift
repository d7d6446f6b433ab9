import Machine
import Testing

@Suite("CPU models") struct CPUModelTests {
  /// The example's host with a QEMU that knows two models.
  private static var host: HostFacts {
    var host = Example.host
    host.emulator = Emulator(
      path: host.emulator.path, version: host.emulator.version,
      machines: Array(host.emulator.machines.values), cpuModels: ["host", "max", "qemu64"])
    return host
  }

  @Test("One that QEMU does not know is named before anything starts, with the nearest")
  func unknown() throws {
    let definition = try Example.definition("cpu: \"qemu46,+aes\"")
    do {
      _ = try Example.machine(definition, host: Self.host)
      Issue.record("it is taken")
    } catch let error as DefinitionError {
      #expect("\(error)".contains("has no CPU model 'qemu46'; did you mean 'qemu64'?"), "\(error)")
    }
  }

  @Test("One that it knows is taken, with features behind it", arguments: ["qemu64", "host,-aes", "max"])
  func known(cpu: String) throws {
    let machine = try Example.machine(try Example.definition("cpu: \"\(cpu)\""), host: Self.host)
    #expect(machine.cpu == cpu)
  }
}
