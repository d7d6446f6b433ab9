internal import Control
internal import Host

/// What VMs use, as a table: since their QEMUs' start, or between two looks.
struct UseTable {
  /// By what its rows stand in order.
  enum Order: Sendable {
    case name
    case cpu
    case memory
    case disk
    case network
  }

  private let uses: [VMUse]
  private let before: [FullName: VMUse]

  /// `earlier` is what they had used at the look before; what happened between is shown then.
  init(_ uses: [VMUse], since earlier: [VMUse] = []) {
    self.uses = uses
    before = Dictionary(earlier.map { ($0.vm.name, $0) }) { first, _ in first }
  }

  func table(by order: Order = .name) -> Table {
    var table = Table([
      ("NAME", .left), ("STATE", .left), ("CPU", .right), ("CPUS", .right), ("RESIDENT", .right),
      ("MEMORY", .right), ("READ", .right), ("WRITTEN", .right), ("ON DISK", .right),
      ("IN", .right), ("OUT", .right), ("", .left),
    ])
    for use in sorted(by: order) {
      let vm = use.vm
      table.add([
        Table.Cell(Printable.line("\(vm.name)")),
        Table.Cell(Printable.line(vm.state.text), state: vm.state.known),
        Table.Cell(cpuPercent(use).map(Quantity.percent) ?? "-"),
        Table.Cell(vm.cpus.map(String.init) ?? "-"), Table.Cell(Self.bytes(use.residentBytes)),
        Table.Cell(Self.bytes(use.guestBytes ?? vm.memoryBytes.map { Int64(clamping: $0) })),
        Table.Cell(amount(use, \.readBytes)), Table.Cell(amount(use, \.writtenBytes)),
        Table.Cell(Self.bytes(use.allocatedBytes)), Table.Cell(amount(use, \.receivedBytes)),
        Table.Cell(amount(use, \.sentBytes)), Table.Cell(use.silence.map(Printable.line) ?? ""),
      ])
    }
    return table
  }

  private func sorted(by order: Order) -> [VMUse] {
    func key(_ use: VMUse) -> Double {
      switch order {
      case .name: 0
      case .cpu: cpuPercent(use) ?? -1
      case .memory: Double(use.residentBytes ?? -1)
      case .disk: (rate(use, \.readBytes) ?? -1) + (rate(use, \.writtenBytes) ?? 0)
      case .network: (rate(use, \.receivedBytes) ?? -1) + (rate(use, \.sentBytes) ?? 0)
      }
    }
    let keys = uses.map { (use: $0, key: key($0)) }
    return keys.sorted { $0.key != $1.key ? $0.key > $1.key : $0.use.vm.name < $1.use.vm.name }.map(\.use)
  }

  /// The share of a host's CPU; since the look before, else since its QEMU's start.
  func cpuPercent(_ use: VMUse) -> Double? {
    guard let time = use.cpuTime else { return nil }
    if let earlier = counterpart(of: use), let before = earlier.cpuTime {
      return Self.share(time.seconds - before.seconds, (use.at - earlier.at).seconds)
    }
    return use.vm.uptimeSeconds.flatMap { Self.share(time.seconds, $0) }
  }

  private static func share(_ used: Double, _ span: Double) -> Double? {
    span > 0 ? max(0, used) / span * 100 : nil
  }

  /// The same QEMU's figures at the look before.
  private func counterpart(of use: VMUse) -> VMUse? {
    before[use.vm.name].flatMap { $0.vm.pid == use.vm.pid ? $0 : nil }
  }

  /// Bytes a second between two looks, or all bytes.
  private func amount(_ use: VMUse, _ counter: KeyPath<VMUse, Int64?>) -> String {
    guard !before.isEmpty else { return Self.bytes(use[keyPath: counter]) }
    return rate(use, counter).map { "\(Quantity.bytes(UInt64($0)))/s" } ?? "-"
  }

  /// How much a second; the amount where there was no look before.
  private func rate(_ use: VMUse, _ counter: KeyPath<VMUse, Int64?>) -> Double? {
    guard let now = use[keyPath: counter] else { return nil }
    guard !before.isEmpty else { return Double(now) }
    guard let earlier = counterpart(of: use), let then = earlier[keyPath: counter] else { return nil }
    let span = (use.at - earlier.at).seconds
    return span > 0 ? max(0, Double(now - then)) / span : nil
  }

  private static func bytes(_ count: Int64?) -> String {
    count.map { Quantity.bytes(UInt64(max(0, $0))) } ?? "-"
  }
}
