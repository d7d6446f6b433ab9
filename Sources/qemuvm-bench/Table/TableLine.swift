/// A line of the table in columns of fixed width, so that each is printed as soon as it is known.
struct TableLine: Sendable {
  private static let widths = [47, 12, 12, 13, 9, 8, 12]

  private let cells: [String]

  private init(_ cells: [String]) {
    self.cells = cells
  }

  /// The names of the columns.
  static let heading = TableLine([
    "what (medians)", "floor", "qemuvm", "compared", "limit", "verdict", "libvirt",
  ])

  init(_ figure: Figure, showsLibvirt: Bool) {
    let unit = figure.unit
    var cells = [
      figure.name, figure.floor.map(unit.text) ?? "-", unit.text(figure.product), Self.comparison(figure),
      Self.limit(figure), figure.isKept.map { $0 ? "ok" : "MISSED" } ?? "",
    ]
    if showsLibvirt { cells.append(figure.libvirt.map(unit.text) ?? "") }
    self.init(cells)
  }

  /// The first column stands left, figures stand right.
  var text: String {
    var line = ""
    for (cell, width) in zip(cells, Self.widths) {
      let space = String(repeating: " ", count: max(1, width - cell.count))
      line += line.isEmpty ? cell + space : space + cell
    }
    return line + "\n"
  }

  private static func comparison(_ figure: Figure) -> String {
    guard let floor = figure.floor else { return "" }
    switch figure.limit {
    case .aboveFloor:
      let difference = figure.product - floor
      return (difference < 0 ? "" : "+") + figure.unit.text(difference)
    case .timesFaster: return Unit.decimal(floor / figure.product, 1) + "x faster"
    default: return floor > 0 ? Unit.decimal(figure.product / floor, 2) + "x" : ""
    }
  }

  private static func limit(_ figure: Figure) -> String {
    switch figure.limit {
    case nil: ""
    case .timesFloor(let times): Unit.decimal(times, 2) + "x"
    case .shareOfFloor(let share): Unit.decimal(share, 2) + "x"
    case .timesFaster(let times): Unit.decimal(times, 0) + "x"
    case .aboveFloor(let margin): "+" + figure.unit.text(margin)
    case .atMost(let most): figure.unit.text(most)
    }
  }
}
