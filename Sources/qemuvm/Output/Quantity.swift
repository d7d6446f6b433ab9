/// Numbers with units as a person reads them.
enum Quantity {
  /// Bytes in the largest binary unit that leaves a short number: `512 MiB`, `1.5 GiB`.
  static func bytes(_ count: UInt64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var unit = 0
    while unit < units.count - 1, count >= 1024 << UInt64(10 * unit) { unit += 1 }
    let size: UInt64 = 1 << UInt64(10 * unit)
    let (whole, rest) = (count / size, count % size)
    // Rest times ten cannot overflow: it is below 2^60.
    let tenth = rest * 10 / size
    return whole < 100 && tenth > 0 ? "\(whole).\(tenth) \(units[unit])" : "\(whole) \(units[unit])"
  }

  /// A time that has gone by, in its two largest units: `42s`, `3m 12s`, `2d 5h`.
  static func elapsed(seconds: Int) -> String {
    let parts = [
      (seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s"),
    ]
    guard let first = parts.firstIndex(where: { $0.0 > 0 }) else { return "0s" }
    return parts[first...].prefix(2).enumerated()
      .filter { $0.offset == 0 || $0.element.0 > 0 }
      .map { "\($0.element.0)\($0.element.1)" }.joined(separator: " ")
  }

  /// A short time to the hundredth of a second: `0.06 s`.
  static func shortTime(_ duration: Duration) -> String {
    "\(decimal(duration / .seconds(1), places: 2)) s"
  }

  /// A percentage to its tenth.
  static func percent(_ value: Double) -> String { decimal(value, places: 1) + " %" }

  /// A number with a fixed number of digits behind the point, rounded.
  static func decimal(_ value: Double, places: Int) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
    let scale = (0..<places).reduce(1) { product, _ in product * 10 }
    let scaled = Int((value * Double(scale)).rounded())
    let digits = String(abs(scaled) % scale)
    let sign = scaled < 0 ? "-" : ""
    return "\(sign)\(abs(scaled) / scale)." + String(repeating: "0", count: places - digits.count) + digits
  }
}
