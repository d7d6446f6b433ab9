import JSON
import QMP
import Testing

@testable import Control

@Suite("The order of one client's commands")
struct CommandOrderTests {
  private var order = CommandOrder()

  private mutating func add(_ request: ControlRequest, _ id: Int) {
    order.add(request, id: JSONValue(id), size: 10)
  }

  /// The ids of the replies whose turn it is.
  private mutating func replies() -> [Int?] {
    var ids: [Int?] = []
    while let line = order.takeReply({ _ in .success([:]) }) {
      // What is no JSON has no id.
      ids.append((try? JSONValue(parsing: line))?["id"]?.int)
    }
    return ids
  }

  @Test("starts changes of different VMs together, and answers in order")
  mutating func concurrency() {
    add(.start(name: "a"), 0)
    add(.start(name: "b"), 1)
    #expect(order.takeStarts().map(\.ticket) == [0, 1])
    order.finish(1, .success([:]))
    #expect(replies().isEmpty)
    order.finish(0, .success([:]))
    #expect(replies() == [0, 1])
    #expect(order.isIdle)
    #expect(order.waitingBytes == 0)
  }

  @Test("keeps changes of one VM apart, also when a lab is named once", arguments: ["a", "shop/a"])
  mutating func sameVM(second: String) {
    add(.start(name: "a"), 0)
    add(.stop(name: VMReference(second), timeout: nil), 1)
    add(.start(name: "b"), 2)
    #expect(order.takeStarts().map(\.ticket) == [0])
    order.finish(0, .success([:]))
    // The third waited only because commands start in their order.
    #expect(order.takeStarts().map(\.ticket) == [1, 2])
  }

  @Test(
    "runs what is no change alone",
    arguments: [.queryVMs, .execute(name: "z", command: [:], timeout: nil), .quit()] as [ControlRequest])
  mutating func exclusive(request: ControlRequest) {
    add(.start(name: "a"), 0)
    add(request, 1)
    add(.start(name: "b"), 2)
    #expect(order.takeStarts().map(\.ticket) == [0])
    order.finish(0, .success([:]))
    #expect(order.takeStarts().map(\.ticket) == [1])
    order.finish(1, .success([:]))
    #expect(order.takeStarts().map(\.ticket) == [2])
  }

  @Test("keeps the place of a reply that needed no run")
  mutating func immediate() {
    add(.start(name: "a"), 0)
    order.add(.failure(QMPErrorReply("GenericError", "no")), id: 1, size: 10)
    add(.start(name: "b"), 2)
    #expect(order.takeStarts().map(\.ticket) == [0, 2])
    order.finish(2, .success([:]))
    #expect(replies().isEmpty)
    order.finish(0, .success([:]))
    #expect(replies() == [0, 1, 2])
  }

  @Test("refuses what waits, and leaves what runs")
  mutating func refuseWaiting() {
    add(.queryVMs, 0)
    add(.queryVMs, 1)
    add(.queryVMs, 2)
    #expect(order.takeStarts().map(\.ticket) == [0])
    order.refuseWaiting(QMPErrorReply("GenericError", "closing"))
    #expect(order.takeStarts().isEmpty)
    #expect(replies().isEmpty)
    order.finish(0, .success([:]))
    #expect(replies() == [0, 1, 2])
    #expect(order.isIdle)
  }

  @Test("counts every kind of reply, and what is not sent yet, until it is")
  mutating func sizes() {
    add(.queryVMs, 0)
    order.add(.commands, id: 1, size: 100)
    order.add(.failure(QMPErrorReply("GenericError", "no")), id: 2, size: 5000)
    _ = order.takeStarts()
    let before = order.waitingBytes
    #expect(before >= 5110)
    order.finish(0, .success(JSONValue(String(repeating: "x", count: 10_000))))
    #expect(order.waitingBytes >= before + 9000)
    #expect(replies() == [0, 1, 2])
    #expect(order.waitingBytes == 0)
  }

  @Test("takes a result once")
  mutating func twice() {
    add(.queryVMs, 0)
    _ = order.takeStarts()
    order.finish(0, .success([:]))
    order.finish(0, .success([:]))
    #expect(replies() == [0])
  }
}
