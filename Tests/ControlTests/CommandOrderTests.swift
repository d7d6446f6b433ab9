import JSON
import QMP
import Testing

@testable import Control

@Suite("The order of one client's commands")
struct CommandOrderTests {
  private var order = CommandOrder()
  private static let execute = ControlRequest.execute(name: "z", command: [:], timeout: nil)

  /// Adds a command, whose ticket is the number of those before it; with that number as its id, or without one.
  private mutating func add(_ request: ControlRequest, _ id: Int?) {
    order.add(request, id: id.map { JSONValue($0) }, size: 10)
  }

  private mutating func starts() -> [Int] { order.takeStarts().map(\.ticket) }

  private mutating func finish(_ ticket: Int) { order.finish(ticket, .success(JSONValue(ticket))) }

  /// The ids of the replies that are ready; without an id, what they return.
  private mutating func replies() -> [Int?] {
    var ids: [Int?] = []
    while let line = order.takeReply({ _ in .success(-1) }) {
      // What is no JSON has no id.
      let reply = try? JSONValue(parsing: line)
      ids.append((reply?["id"] ?? reply?["return"])?.int)
    }
    return ids
  }

  // MARK: With ids

  @Test("answers commands with ids as they are done, and holds up none for another")
  mutating func asReady() {
    add(Self.execute, 0)
    add(.queryVMs, 1)
    order.add(.version, id: 2, size: 10)
    add(.start(name: "a"), 3)
    add(.queryWhy(name: "z"), 4)
    #expect(starts() == [3, 0, 1, 4])
    #expect(replies() == [2])
    for ticket in [4, 1, 3] { finish(ticket) }
    #expect(replies() == [4, 1, 3])
    finish(0)
    #expect(replies() == [0])
    #expect(order.isIdle)
    #expect(order.waitingBytes == 0)
  }

  @Test("keeps changes of one VM in their order, also when a lab is named once", arguments: ["a", "shop/a"])
  mutating func sameVM(second: String) {
    add(.stop(name: "a", timeout: nil), 0)
    add(.start(name: VMReference(second)), 1)
    add(.start(name: "b"), 2)
    add(.kill(name: "a"), 3)
    #expect(starts() == [0, 2])
    finish(0)
    #expect(starts() == [1])
    #expect(starts().isEmpty)
    finish(1)
    #expect(starts() == [3])
  }

  @Test("keeps changes of one VM in their order whether they have ids or not", arguments: [nil, 1] as [Int?])
  mutating func sameVMWithoutID(id: Int?) {
    add(.stop(name: "a", timeout: nil), id == nil ? 0 : nil)
    add(.start(name: "a"), id)
    #expect(starts() == [0])
    finish(0)
    #expect(starts() == [1])
  }

  @Test("keeps QMP commands for one QEMU in their order, which hold up no change of the VM")
  mutating func executions() {
    add(Self.execute, 0)
    add(Self.execute, 1)
    add(.kill(name: "z"), 2)
    add(.execute(name: "y", command: [:], timeout: nil), 3)
    #expect(starts() == [2, 0, 3])
    finish(0)
    #expect(starts() == [1])
  }

  @Test("lets nothing pass a command that ends the supervisor, which runs behind the changes before it")
  mutating func quit() {
    add(.start(name: "a"), 0)
    add(.queryVMs, 1)
    add(.quit(), 2)
    add(.queryVMs, 3)
    add(.start(name: "b"), 4)
    #expect(starts() == [0, 1])
    finish(0)
    #expect(starts() == [2])
    finish(2)
    #expect(starts() == [4, 3])
  }

  @Test("runs a bounded number of commands that change nothing, and any number of changes")
  mutating func mostQueries() {
    let most = CommandOrder.mostQueries
    for ticket in 0...most { add(.queryVMs, ticket) }
    for ticket in 1...100 { add(.start(name: VMReference("vm\(ticket)")), most + ticket) }
    #expect(starts().count == most + 100)
    finish(5)
    #expect(starts() == [most])
  }

  // MARK: Without ids

  @Test("runs commands without ids one by one but changes of different VMs, and answers them in order")
  mutating func withoutIDs() {
    add(.start(name: "a"), nil)
    add(.start(name: "b"), nil)
    add(.queryVMs, nil)
    add(.start(name: "c"), nil)
    #expect(starts() == [0, 1])
    finish(1)
    #expect(replies().isEmpty)
    finish(0)
    #expect(replies() == [0, 1])
    #expect(starts() == [2])
    finish(2)
    #expect(starts() == [3])
    finish(3)
    #expect(replies() == [2, 3])
    #expect(order.isIdle)
  }

  @Test(
    "runs what is no change alone among those without ids",
    arguments: [.queryVMs, Self.execute, .quit()] as [ControlRequest])
  mutating func alone(request: ControlRequest) {
    add(.start(name: "a"), nil)
    add(request, nil)
    add(.start(name: "b"), nil)
    #expect(starts() == [0])
    finish(0)
    #expect(starts() == [1])
    finish(1)
    #expect(starts() == [2])
  }

  @Test("keeps the place of a reply without an id that needed no run, and lets one with an id pass")
  mutating func immediate() {
    add(.start(name: "a"), nil)
    order.add(.failure(QMPErrorReply("GenericError", "no")), id: nil, size: 10)
    add(.start(name: "b"), nil)
    add(.queryVMs, 3)
    #expect(starts() == [0, 2, 3])
    finish(2)
    #expect(replies().isEmpty)
    finish(3)
    #expect(replies() == [3])
    finish(0)
    #expect(replies() == [0, -1, 2])
  }

  // MARK: Bounds and the end

  @Test("refuses what waits, and leaves what runs", arguments: [true, false])
  mutating func refuseWaiting(haveIDs: Bool) {
    for ticket in 0...2 { add(.start(name: "a"), haveIDs ? ticket : nil) }
    #expect(starts() == [0])
    order.refuseWaiting(QMPErrorReply("GenericError", "closing"))
    #expect(starts().isEmpty)
    #expect(replies().count == (haveIDs ? 2 : 0))
    finish(0)
    #expect(starts().isEmpty)
    #expect(replies().count == (haveIDs ? 1 : 3))
    #expect(order.isIdle)
  }

  @Test("counts every kind of reply, and what is not sent yet, until it is", arguments: [true, false])
  mutating func sizes(haveIDs: Bool) {
    add(.queryVMs, haveIDs ? 0 : nil)
    order.add(.commands, id: haveIDs ? 1 : nil, size: 100)
    order.add(.failure(QMPErrorReply("GenericError", "no")), id: haveIDs ? 2 : nil, size: 5000)
    _ = starts()
    let before = order.waitingBytes
    #expect(before >= 5110)
    order.finish(0, .success(JSONValue(String(repeating: "x", count: 10_000))))
    #expect(order.waitingBytes >= before + 9000)
    #expect(replies().count == 3)
    #expect(order.waitingBytes == 0)
  }

  @Test("takes a result once", arguments: [0, nil] as [Int?])
  mutating func twice(id: Int?) {
    add(.queryVMs, id)
    _ = starts()
    finish(0)
    finish(0)
    #expect(replies() == [0])
  }
}
