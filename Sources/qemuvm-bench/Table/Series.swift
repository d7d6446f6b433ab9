internal import Host

/// Two series measured in turns in one run, so that whatever the machine does meanwhile befalls both alike.
struct Series {
  private(set) var floor: [Double] = []
  private(set) var product: [Double] = []

  /// Two that were taken in turns already.
  init(floor: [Double], product: [Double]) {
    self.floor = floor
    self.product = product
  }

  /// Takes both, `rounds` times and the first one by turns, after one round that is not counted.
  init(
    rounds: Int, floor takeFloor: () throws -> Double, product takeProduct: () throws -> Double
  ) throws {
    for round in 0...rounds {
      let pair: (floor: Double, product: Double)
      if round.isMultiple(of: 2) {
        let floor = try takeFloor()
        pair = (floor, try takeProduct())
      } else {
        let product = try takeProduct()
        pair = (try takeFloor(), product)
      }
      guard round > 0 else { continue }
      floor.append(pair.floor)
      product.append(pair.product)
    }
  }

  func figure(_ name: String, _ unit: Unit, limit: Figure.Limit?, libvirt: Double? = nil) -> Figure {
    Figure(name, unit, floor: floor.median, product: product.median, limit: limit, libvirt: libvirt)
  }
}

extension [Double] {
  /// The middle one in order, or the mean of the two in the middle; not a number where there is none.
  var median: Double {
    guard !isEmpty else { return .nan }
    let ordered = sorted()
    let middle = count / 2
    return count.isMultiple(of: 2) ? (ordered[middle - 1] + ordered[middle]) / 2 : ordered[middle]
  }
}

extension Duration {
  var milliseconds: Double { Double(nanoseconds) / 1e6 }
  var microseconds: Double { Double(nanoseconds) / 1e3 }
}
