internal import Control
internal import Host

/// What `top` shows, and what its keys change.
struct TopScreen: Sendable, Equatable {
  private(set) var order = UseTable.Order.cpu

  /// q, Ctrl-C, Ctrl-D.
  static let leavingKeys: Set<UInt8> = [UInt8(ascii: "q"), 3, 4]

  /// Whether a key has changed anything.
  mutating func take(_ key: UInt8) -> Bool {
    let orders: [Character: UseTable.Order] = [
      "c": .cpu, "m": .memory, "d": .disk, "i": .network, "n": .name,
    ]
    guard let wanted = orders[Character(UnicodeScalar(key))], wanted != order else { return false }
    order = wanted
    return true
  }

  /// A whole screen, from its first line: as many rows as there is room for, each cut to the width.
  func text(_ uses: [VMUse], since earlier: [VMUse], _ size: TerminalSize?, _ style: TextStyle) -> String {
    let (rows, columns) = (size?.rows ?? 24, size?.columns ?? 80)
    let running = uses.count { $0.vm.state.known == .running }
    let head =
      "qemuvm: \(uses.count) \(uses.count == 1 ? "VM" : "VMs"), \(running) running; keys c m d i n, q leaves"
    let table = UseTable(uses, since: earlier).table(by: order).text(.plain).split(separator: "\n")
    let lines = ([Substring(head), ""] + table).prefix(max(1, rows - 1)).map { String($0.prefix(columns)) }
    // Behind the blank line the names of the columns.
    let shown = lines.enumerated().map { ($0 == 2 ? style.heading($1) : $1) + "\u{1B}[K" }
    return "\u{1B}[H" + shown.joined(separator: "\r\n") + "\u{1B}[J"
  }
}
