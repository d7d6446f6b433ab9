/// One line of the table: a figure of qemuvm's beside the floor measured in the same run.
struct Figure: Sendable {
  /// What is promised about a figure.
  enum Limit: Sendable {
    /// At most so many times the floor.
    case timesFloor(Double)

    /// At least this share of the floor, where more is better.
    case shareOfFloor(Double)

    /// At least so many times as fast as what stands in the floor's column.
    case timesFaster(Double)

    /// At most so much more than the floor, in the figure's unit.
    case aboveFloor(Double)

    /// At most so much, in the figure's unit.
    case atMost(Double)
  }

  let name: String
  let unit: Unit
  let floor: Double?
  let product: Double
  let limit: Limit?

  /// The same by libvirt, where it is installed and has the like.
  var libvirt: Double?

  init(
    _ name: String, _ unit: Unit, floor: Double? = nil, product: Double, limit: Limit? = nil,
    libvirt: Double? = nil
  ) {
    self.name = name
    self.unit = unit
    self.floor = floor
    self.product = product
    self.limit = limit
    self.libvirt = libvirt
  }

  /// Whether the promise was kept in this run; nil where none was made.
  var isKept: Bool? {
    let floor = floor ?? 0
    switch limit {
    case nil: return nil
    case .timesFloor(let times): return product <= floor * times
    case .shareOfFloor(let share): return product >= floor * share
    case .timesFaster(let times): return product * times <= floor
    case .aboveFloor(let margin): return product - floor <= margin
    case .atMost(let most): return product <= most
    }
  }
}
