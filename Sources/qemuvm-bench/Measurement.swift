/// A group of figures that are taken with one supervisor.
struct Measurement: Sendable {
  /// What `--only` takes.
  let name: String

  /// One line for `--help`.
  let summary: String
  let figures: @Sendable (Workshop, Options) async throws -> [Figure]

  /// All there are, in the order in which they run.
  static let all = [
    Measurement(name: "up", summary: "'up' of one guest, beside a bare QEMU", figures: StartFigures.take),
    Measurement(
      name: "disk", summary: "'up' with a new overlay, beside one without", figures: DiskFigures.take),
    Measurement(
      name: "down", summary: "'down' of one guest, beside a bare power button", figures: StopFigures.take),
    Measurement(
      name: "fleet", summary: "20 guests from one lab file, beside 20 bare QEMUs", figures: FleetFigures.take),
    Measurement(
      name: "ls", summary: "'ls' with 50 guests, and their adoption by a new supervisor",
      figures: ListFigures.take),
    Measurement(
      name: "scale", summary: "the same of 50, 200 and 500 guests, beside bare QEMUs",
      figures: ScaleFigures.take),
    Measurement(
      name: "qmp", summary: "round trips of the QMP client, beside a loop in C",
      figures: RoundTripFigures.take),
    Measurement(
      name: "switch", summary: "frames through the switch of a network, beside vde_switch",
      figures: SwitchFigures.take),
    Measurement(
      name: "json", summary: "reading QEMU's schema, beside the toolchain's decoder",
      figures: JSONFigures.take),
    Measurement(
      name: "cycles", summary: "what 200 times up and down leave behind", figures: CycleFigures.take),
    Measurement(name: "crash", summary: "from a killed QEMU to the next one", figures: CrashFigures.take),
    Measurement(
      name: "idle", summary: "what the supervisor costs with quiet guests", figures: IdleFigures.take),
  ]
}

/// A measurement that could not be taken, and why.
struct MeasurementFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}
