import Glibc
import Host
import JSON
import QMP
import Testing

@Suite("A QMP connection to QEMU")
struct RealQEMUTests {
  @Test("negotiates, asks every typed query, and quits")
  func typedCommands() async throws {
    let qemu = try RealQEMU([
      "-M", "q35", "-accel", "tcg", "-smp", "2", "-name", "guest=tester",
      "-uuid", "12345678-1234-1234-1234-123456789abc",
      "-blockdev", #"{"driver":"null-co","node-name":"d0","size":1048576}"#,
      "-device", #"{"driver":"virtio-blk-pci","id":"vd0","drive":"d0"}"#,
      "-device", #"{"driver":"virtio-balloon-pci","id":"balloon"}"#,
    ])
    defer { qemu.end() }
    let connection = qemu.connection
    let greeting = try await connection.negotiate()
    #expect(greeting.version >= QMPVersion(7, 2, 0))
    #expect(greeting.capabilities == ["oob"])
    #expect(try await connection.execute(QueryVersion()) == greeting.version)
    #expect(try await connection.execute(QueryStatus()).status == .prelaunch)
    #expect(try await connection.execute(QueryKVM()).isEnabled == false)
    #expect(try await connection.execute(QueryName()).name == "tester")
    #expect(try await connection.execute(QueryUUID()).uuid == "12345678-1234-1234-1234-123456789abc")
    let q35 = try await connection.execute(QueryMachines()).first { $0.alias == "q35" }
    #expect((q35?.maximumCPUs ?? 0) >= 255)
    let drive = try #require(try await connection.execute(QueryBlock()).first)
    #expect(drive.inserted?.nodeName == "d0")
    #expect(drive.inserted?.driver == "null-co")
    let cpus = try await connection.execute(QueryCPUsFast())
    #expect(cpus.map(\.index) == [0, 1])
    #expect(try await connection.execute(QueryBalloon()).actualBytes == 128 << 20)
    #expect(try await connection.execute(QueryCommands()).names.contains("query-status"))
    try await connection.execute(SetAction(shutdown: .pause, panic: .pause))

    let events = await connection.events()
    try await connection.execute(Continue())
    #expect(try await connection.execute(QueryStatus()).isRunning)
    try await connection.execute(Stop())
    #expect(try await connection.execute(QueryStatus()).status == .paused)
    try await connection.execute(SystemReset())
    try await connection.execute(SystemPowerdown())
    try await connection.execute(Quit())
    #expect(await Set(["RESUME", "STOP", "SHUTDOWN"]).isSubset(of: events.map(\.name).collect()))
    #expect(qemu.process.wait() == .code(0))
  }

  @Test("gives QEMU's own class and words when a command fails")
  func failures() async throws {
    let qemu = try RealQEMU()
    defer { qemu.end() }
    try await qemu.connection.negotiate()
    let unknown = await #expect(throws: QMPError.self) { try await qemu.connection.execute("nonsense") }
    #expect(unknown?.reply?.errorClass == "CommandNotFound")
    let missing = await #expect(throws: QMPError.self) {
      try await qemu.connection.execute("device_del", ["id": "nobody"])
    }
    #expect(missing?.reply?.errorClass == "DeviceNotFound")
    #expect(missing?.reply?.description.contains("nobody") == true)
    let wrong = await #expect(throws: QMPError.self) {
      try await qemu.connection.execute("qom-list", ["way": "/"])
    }
    #expect(wrong?.reply?.errorClass == "GenericError")
  }

  @Test("reads the 200 kB schema between 1000 other replies")
  func schemaAmongMany() async throws {
    let qemu = try RealQEMU()
    defer { qemu.end() }
    let connection = qemu.connection
    try await connection.negotiate()
    async let schema = connection.execute("query-qmp-schema")
    let answers = try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 1...1000 {
        group.addTask { try await connection.execute(QueryStatus()).status == .prelaunch }
      }
      return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(answers == 1000)
    #expect(try await schema.array?.count ?? 0 > 500)
  }

  @Test("resumes everything in flight when QEMU is killed")
  func killed() async throws {
    let qemu = try RealQEMU()
    defer { qemu.end() }
    let connection = qemu.connection
    try await connection.negotiate()
    // A stopped QEMU reads nothing, so all of them are in flight when it dies.
    qemu.process.signal(SIGSTOP)
    let results = await withTaskGroup(of: Result<JSONValue, QMPError>.self) { group in
      for _ in 1...100 {
        group.addTask { await connection.outcome(of: "query-status", deadline: .seconds(60)) }
      }
      group.addTask {
        // On the connection's own queue, behind the hundred: they are sent.
        _ = await connection.disconnection
        qemu.process.signal(SIGKILL)
        return .failure(.interrupted(command: "query-status", .peerGone))
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(results.count == 101)
    for result in results {
      #expect(result == .failure(.interrupted(command: "query-status", .peerGone)))
    }
    #expect(qemu.process.wait() == .signal(SIGKILL))
  }

  @Test("is not misled by the replies to a client that has gone")
  func repliesToAnother() async throws {
    let qemu = try RealQEMU()
    defer { qemu.end() }
    var connection = qemu.connection
    try await connection.negotiate()
    for number in 1...30 {
      await connection.inOrder { for _ in 1...20 { $0.send("query-qmp-schema") { _ in } } }
      qemu.process.signal(SIGSTOP)
      await connection.close()
      let next = try qemu.connect(firstID: number * 1000)
      qemu.process.signal(SIGCONT)
      try await next.negotiate()
      #expect(try await next.execute(QueryStatus()).status == .prelaunch)
      connection = next
    }
  }

  @Test("tells no greeting when QEMU refuses to start")
  func refusedStart() async throws {
    let qemu = try RealQEMU(["-M", "no-such-machine"])
    defer { qemu.end() }
    await #expect(throws: QMPError.greeting(.peerGone)) { try await qemu.connection.negotiate() }
    #expect(qemu.process.wait() == .code(1))
  }
}
