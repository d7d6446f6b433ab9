import Control
import Host
import JSON
import Testing

@testable import qemuvm

@Suite("What VMs use") struct StatsTests {
  private static func use(
    _ name: String, seconds: Double, at: Double, pid: Int32 = 7, read: Int64 = 0, silence: String? = nil
  ) throws -> VMUse {
    var vm = VMStatus(name: FullName(name), state: Word(.running))
    vm.pid = pid
    vm.cpus = 2
    vm.memoryBytes = 1 << 30
    vm.uptimeSeconds = 100
    var use = VMUse(vm, at: Instant(nanoseconds: Int64(at * 1e9)))
    use.cpuTime = .seconds(seconds)
    use.residentBytes = 64 << 20
    use.vcpus = [.seconds(seconds), .zero]
    let statistics: JSONValue = [
      [
        "node-name": "disk-data",
        "stats": [
          "rd_bytes": JSONValue(Int(read)), "wr_bytes": 512, "rd_operations": 3, "wr_operations": 1,
        ],
      ]
    ]
    let blocks: JSONValue = [["inserted": ["node-name": "disk-data", "image": ["actual-size": 4096]]]]
    use.take(.blockStatistics, .success(statistics))
    use.take(.blocks, .success(blocks))
    use.silence = silence
    return use
  }

  @Test("One look tells all since the start; two tell what was used between")
  func rates() throws {
    let first = try Self.use("web", seconds: 50, at: 10, read: 1024)
    let second = try Self.use("web", seconds: 53, at: 12, read: 5120)
    #expect(UseTable([first]).cpuPercent(first) == 50)
    #expect(UseTable([second], since: [first]).cpuPercent(second) == 150)
    let once = UseTable([first]).table().text(.plain)
    #expect(once.contains(" 1 KiB ") && once.contains("4 KiB"), "\(once)")
    let watched = UseTable([second], since: [first]).table().text(.plain)
    #expect(watched.contains("2 KiB/s") && watched.contains("150.0 %"), "\(watched)")
    // Another QEMU begins anew.
    let restarted = try Self.use("web", seconds: 1, at: 12, pid: 8)
    #expect(UseTable([restarted], since: [first]).cpuPercent(restarted) == 1)
  }

  @Test("A QEMU that does not answer keeps its row, with why")
  func silence() throws {
    var use = try Self.use("web", seconds: 1, at: 1)
    use.disks = nil
    use.take(
      .blockStatistics, .failure(ControlError(.failed, "no answer")))
    use.take(.balloon, .failure(ControlError(.failed, "no answer")))
    #expect(use.silence != nil && use.readBytes == nil)
    let rows = UseTable([use]).table().text(.plain).split(separator: "\n")
    #expect(rows.count == 2 && rows[1].contains("64 MiB"))
  }

  @Test("OpenMetrics has a family's samples together, each name with its labels, and its end")
  func openMetrics() throws {
    let text = OpenMetrics.text([
      try Self.use("db", seconds: 2, at: 1), try Self.use("web", seconds: 3.5, at: 1, silence: "no"),
    ])
    let lines = text.split(separator: "\n")
    #expect(lines.last == "# EOF")
    #expect(lines.contains("qemuvm_vm_cpu_seconds_total{vm=\"web\",lab=\"\"} 3.5"))
    #expect(lines.contains("qemuvm_vm_vcpu_seconds_total{vm=\"db\",lab=\"\",vcpu=\"1\"} 0.0"))
    #expect(lines.contains("qemuvm_disk_allocated_bytes{vm=\"db\",lab=\"\",disk=\"disk-data\"} 4096"))
    #expect(lines.contains("qemuvm_vm_answers{vm=\"web\",lab=\"\"} 0"))
    #expect(lines.contains("# UNIT qemuvm_vm_resident_bytes bytes"))
    // By the specification: a unit ends its family's name, a family stands in one place.
    var families: [Substring] = []
    var seen: Set<String> = []
    for line in lines.dropLast() {
      let words = line.split(separator: " ")
      if line.hasPrefix("# UNIT") { #expect(words[2].hasSuffix("_" + words[3])) }
      if line.hasPrefix("# TYPE") {
        families.append(words[2])
      } else if !line.hasPrefix("#") {
        #expect(line.hasPrefix(families.last ?? "?"))
        #expect(seen.insert(String(line.prefix { $0 != "}" })).inserted, "twice: \(line)")
      }
    }
    #expect(Set(families).count == families.count)
  }

  @Test("top fits its screen, and its keys put the rows in order")
  func top() throws {
    var screen = TopScreen()
    let uses = try (0..<40).map { try Self.use("vm-\($0)", seconds: Double($0), at: 1) }
    let lines = screen.text(uses, since: [], nil, .plain).split(separator: "\r\n")
    #expect(lines.count == 23)
    for line in lines {
      let plain = line.replacing("\u{1B}[H", with: "").replacing("\u{1B}[K", with: "").replacing(
        "\u{1B}[J", with: "")
      #expect(plain.count <= 80, "\(plain)")
    }
    #expect(lines[3].contains("vm-39"))
    let changes = [
      screen.take(UInt8(ascii: "n")), screen.take(UInt8(ascii: "n")), screen.take(UInt8(ascii: "x")),
    ]
    #expect(changes == [true, false, false])
    #expect(screen.text(uses, since: [], nil, .plain).split(separator: "\r\n")[3].contains("vm-0"))
  }
}
