import Host
import JSON
import Testing

@testable import QMP

@Suite("A server that says too much")
struct StormTests {
  private static func event(_ name: String, _ data: JSONObject = [:]) -> [UInt8] {
    QMPLine.fromServer(QMPEvent(name, data).json)
  }

  @Test("is told in part: the first events, how many there were, and the last")
  func storm() async throws {
    let pair = try await StubPair.negotiated()
    let events = await pair.client.events()
    var lines: [UInt8] = []
    for number in 1...20_000 { lines += Self.event("RESET", ["n": JSONValue(number)]) }
    lines += Self.event("STOP")
    await pair.server.send(bytes: lines)
    var (told, count, last) = (0, 0, 0)
    var hasStopped = false
    for await event in events {
      if event.name == "STOP" { hasStopped = true }
      guard event.name == "RESET" else { continue }
      told += 1
      count += event.count
      last = event.data["n"]?.int ?? 0
      if count == 20_000 { break }
    }
    #expect(last == 20_000)
    // All that came in one go; a slow reader may see the next quarter of a second.
    #expect(told < 1000)
    #expect(hasStopped)
  }

  @Test("is told of at the end, although its turn has not come")
  func end() async throws {
    let pair = try await StubPair.negotiated()
    let events = await pair.client.events()
    var lines: [UInt8] = []
    for number in 1...1000 { lines += Self.event("SHUTDOWN", ["n": JSONValue(number)]) }
    await pair.server.send(bytes: lines)
    await pair.server.hangUp()
    let all = await events.collect()
    #expect(all.last?.data["n"] == 1000)
    #expect(all.reduce(0) { $0 + $1.count } == 1000)
  }

  @Test("keeps the name of an event that is too long, and its length, whether or not the line is")
  func longEvents() async throws {
    let pair = try await StubPair.negotiated(lineLimit: 20_000)
    let events = await pair.client.events()
    // Each in its own budget, which a larger one would pass: then it would be told later.
    let lengths = [("SHORT", 100), ("LONG", EventBudget.sizeLimit + 1000), ("LONGER", 24_000)]
    for (name, length) in lengths {
      await pair.server.send(
        bytes: Self.event(name, ["text": .string(String(repeating: "x", count: length))]))
    }
    var seen: [QMPEvent] = []
    for await event in events {
      seen.append(event)
      if seen.count == 3 { break }
    }
    #expect(seen.map(\.name) == lengths.map(\.0))
    #expect(seen.map { $0.data["text"]?.string?.utf8.count } == [100, nil, nil])
    #expect(seen.map { ($0.cutLength ?? 0) / 1000 } == [0, 17, 24])
  }

  @Test(
    "fails the command whose reply is too long, and no other",
    arguments: ["its text", "the number of its values"])
  func longReply(by what: String) async throws {
    let value: JSONValue =
      what == "its text"
      ? .string(String(repeating: "x", count: 2 << 20)) : .array(Array(repeating: 1, count: 300_000))
    let pair = try await StubPair.negotiated(lineLimit: 1 << 20)
    var requests = pair.server.requests.makeAsyncIterator()
    async let big = pair.client.outcome(of: "big")
    let first = try #require(await requests.next())
    async let small = pair.client.outcome(of: "small")
    let second = try #require(await requests.next())
    await pair.server.reply(to: second, "small")
    await pair.server.reply(to: first, value)
    #expect(await small == .success("small"))
    guard case .failure(.replyTooLong(command: "big", let count, limit: 1_048_576)) = await big else {
      Issue.record("\(await big)")
      return
    }
    #expect(count > 600_000)
    async let next = pair.client.outcome(of: "next")
    await pair.server.reply(to: try #require(await requests.next()), "next")
    #expect(await next == .success("next"))
  }
}
