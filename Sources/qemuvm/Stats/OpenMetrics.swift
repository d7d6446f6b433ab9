internal import Control
internal import Host

/// What VMs use, for Prometheus and its kin; openmetrics.io, version 1.0.
enum OpenMetrics {
  static func text(_ uses: [VMUse]) -> String {
    families.map { family in
      var text = "# TYPE \(family.name) \(family.kind.rawValue)\n"
      if let unit = family.unit { text += "# UNIT \(family.name) \(unit)\n" }
      text += "# HELP \(family.name) \(family.help)\n"
      for use in uses {
        for sample in family.samples(use) {
          let labels = [("vm", use.vm.name.name), ("lab", use.vm.name.lab ?? "")] + sample.labels
          let list = labels.map { "\($0.0)=\"\(escaped($0.1))\"" }.joined(separator: ",")
          text += "\(family.name)\(family.kind.suffix){\(list)} \(sample.value)\n"
        }
      }
      return text
    }.joined() + "# EOF\n"
  }

  private enum Kind: String {
    case gauge
    case counter

    var suffix: String { self == .counter ? "_total" : "" }
  }

  private struct Sample {
    var labels: [(String, String)] = []
    let value: String
  }

  private struct Family {
    let name: String
    let kind: Kind
    var unit: String?
    let help: String
    let samples: (VMUse) -> [Sample]
  }

  private static var families: [Family] {
    [
      Family(
        name: "qemuvm_vm_state", kind: .gauge, help: "1 for the state that the VM is in.",
        samples: { use in
          VMState.allCases.map {
            Sample(labels: [("state", $0.rawValue)], value: use.vm.state.known == $0 ? "1" : "0")
          }
        }),
      Family(
        name: "qemuvm_vm_answers", kind: .gauge, help: "1 where its QEMU has answered.",
        samples: { $0.vm.pid == nil ? [] : [Sample(value: $0.silence == nil ? "1" : "0")] }),
      Family(
        name: "qemuvm_vm_restarts", kind: .gauge, help: "Automatic restarts since the last up or start.",
        samples: { one($0.vm.restarts.map(Int64.init)) }),
      Family(
        name: "qemuvm_vm_cpus", kind: .gauge, help: "vCPUs that the VM has been given.",
        samples: { one($0.vm.cpus.map(Int64.init)) }),
      Family(
        name: "qemuvm_vm_memory_bytes", kind: .gauge, unit: "bytes",
        help: "Memory that the VM has been given.",
        samples: { one($0.vm.memoryBytes.map { Int64(clamping: $0) }) }),
      Family(
        name: "qemuvm_vm_guest_memory_bytes", kind: .gauge, unit: "bytes",
        help: "What the guest has of it, by its balloon.", samples: { one($0.guestBytes) }),
      Family(
        name: "qemuvm_vm_resident_bytes", kind: .gauge, unit: "bytes",
        help: "What its QEMU holds of the host's memory.", samples: { one($0.residentBytes) }),
      Family(
        name: "qemuvm_vm_cpu_seconds", kind: .counter, unit: "seconds", help: "CPU time of its QEMU.",
        samples: { use in use.cpuTime.map { [Sample(value: "\($0.seconds)")] } ?? [] }),
      Family(
        name: "qemuvm_vm_vcpu_seconds", kind: .counter, unit: "seconds",
        help: "CPU time of each vCPU's thread.",
        samples: { use in
          use.vcpus.enumerated().map { Sample(labels: [("vcpu", "\($0)")], value: "\($1.seconds)") }
        }),
      disk("read_bytes", "bytes", "Bytes read from a disk.") { $0.readBytes },
      disk("written_bytes", "bytes", "Bytes written to a disk.") { $0.writtenBytes },
      disk("reads", nil, "Reads from a disk.") { $0.reads },
      disk("writes", nil, "Writes to a disk.") { $0.writes },
      Family(
        name: "qemuvm_disk_allocated_bytes", kind: .gauge, unit: "bytes",
        help: "What a disk's file takes of the host's disk.",
        samples: { use in
          (use.disks ?? []).compactMap { disk in
            disk.allocatedBytes.map { Sample(labels: [("disk", disk.name)], value: "\($0)") }
          }
        }),
      card("received_bytes", "bytes", "Bytes that a card on a lab's network has received.") {
        $0.receivedBytes
      },
      card("sent_bytes", "bytes", "Bytes that a card on a lab's network has sent.") { $0.sentBytes },
      card("drops", nil, "Frames that a lab's network did not let through.") { $0.drops },
    ]
  }

  private static func one(_ value: Int64?) -> [Sample] { value.map { [Sample(value: "\($0)")] } ?? [] }

  private static func disk(
    _ name: String, _ unit: String?, _ help: String, _ value: @escaping (VMUse.Disk) -> Int64
  ) -> Family {
    Family(
      name: "qemuvm_disk_\(name)", kind: .counter, unit: unit, help: help,
      samples: { use in
        (use.disks ?? []).map { Sample(labels: [("disk", $0.name)], value: "\(value($0))") }
      })
  }

  private static func card(
    _ name: String, _ unit: String?, _ help: String, _ value: @escaping (VMUse.Card) -> Int64
  ) -> Family {
    Family(
      name: "qemuvm_network_\(name)", kind: .counter, unit: unit, help: help,
      samples: { use in use.cards.map { Sample(labels: [("network", $0.network)], value: "\(value($0))") } })
  }

  /// A label's value between its quotes.
  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }
}
