internal import CFloor
internal import Glibc
internal import Host
internal import QMP

/// `query-status` through the QMP target, beside C on another monitor of the same QEMU: a loop around poll(2), and a
/// Dispatch source as the QMP target has one.
enum RoundTripFigures {
  private static let window = 16

  @Sendable static func take(_ workshop: Workshop, _ options: Options) async throws -> [Figure] {
    let machine = try EmptyQEMU(workshop)
    defer { machine.end() }
    let socket = try machine.bareMonitor()
    let client = RoundTrips(
      QMPConnection(try machine.connect(), executor: QueueExecutor(label: "round-trips")))
    try await client.connection.negotiate()

    var (floorRates, rates): ([Double], [Double]) = ([], [])
    var (loopCosts, sourceCosts, costs): ([Double], [Double], [Double]) = ([], [], [])
    let count = 1600
    for round in 0...options.rounds(15) {
      let bare = try await measured { try loop(socket, count: count, window: window) }
      let ours = try await measured { try await client.run(count: count, window: window) }
      let bareSingle = try await measured { try loop(socket, count: count / 2, window: 1) }
      let source = try await measured { try dispatch(socket, count: count / 2) }
      let single = try await measured { try await client.run(count: count / 2, window: 1) }
      guard round > 0 else { continue }
      floorRates.append(Double(count) / bare.elapsed.seconds)
      rates.append(Double(count) / ours.elapsed.seconds)
      loopCosts.append(bareSingle.cpu.microseconds / Double(count / 2))
      sourceCosts.append(source.cpu.microseconds / Double(count / 2))
      costs.append(single.cpu.microseconds / Double(count / 2))
    }
    await client.connection.close()
    return [
      Figure(
        "query-status, \(window) in flight, beside C", .perSecond, floor: floorRates.median,
        product: rates.median,
        limit: .shareOfFloor(0.95)),
      Figure(
        "client's CPU for one query-status, beside C", .microseconds, floor: loopCosts.median,
        product: costs.median, limit: .timesFloor(3)),
      Figure(
        "  the same, beside a Dispatch source in C", .microseconds, floor: sourceCosts.median,
        product: costs.median, limit: .timesFloor(1.5)),
    ]
  }

  private static func loop(_ monitor: BareMonitor, count: Int, window: Int) throws {
    let socket = monitor.socket.rawValue
    guard floor_round_trips(socket, Int32(count), Int32(window)) == 0 else {
      throw SystemError("floor_round_trips")
    }
  }

  private static func dispatch(_ monitor: BareMonitor, count: Int) throws {
    guard floor_dispatch_round_trips(monitor.socket.rawValue, Int32(count)) == 0 else {
      throw SystemError("floor_dispatch_round_trips")
    }
  }

  private static func measured(
    _ body: () async throws -> Void
  ) async throws -> (elapsed: Duration, cpu: Duration) {
    let (began, cpu) = (Instant.now, ownCPU)
    try await body()
    return (.now - began, ownCPU - cpu)
  }
}

/// Round trips over one connection, on that connection's queue as the supervisor's VMs are on theirs.
actor RoundTrips {
  let connection: QMPConnection
  nonisolated var unownedExecutor: UnownedSerialExecutor { connection.unownedExecutor }

  init(_ connection: QMPConnection) {
    self.connection = connection
  }

  /// Runs `count` commands, `window` of them in flight.
  func run(count: Int, window: Int) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<window { group.addTask { try await self.run(count: count / window) } }
      try await group.waitForAll()
    }
  }

  private func run(count: Int) async throws {
    for _ in 0..<count { try await connection.execute(QueryStatus()) }
  }
}
