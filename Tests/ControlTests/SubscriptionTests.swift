import JSON
import QMP
import Testing

@testable import Control

@Suite("What a client hears")
struct SubscriptionTests {
  private static let events: [(QMPEvent, EventTopic)] = [
    (
      QMPEvent("VM_STATE_CHANGED", ["name": "web", "lab": nil, "state": "running"]),
      .vm(name: "web", lab: nil)
    ),
    (QMPEvent("VM_REMOVED", ["name": "web", "lab": "shop"]), .vm(name: "web", lab: "shop")),
    (QMPEvent("LEDGER", ["seq": 1, "name": "db", "lab": "shop"]), .vm(name: "db", lab: "shop")),
    (QMPEvent("LEDGER", ["seq": 1, "name": nil, "lab": nil, "event": "started"]), .supervisor),
    (QMPEvent("JOB_STATUS_CHANGE", ["id": "7", "status": "running"]), .job(id: "7")),
    (QMPEvent("JOB_PROGRESS", ["id": "8", "current-progress": 1, "total-progress": 2]), .job(id: "8")),
    // A job of a VM's own QEMU.
    (
      QMPEvent("VM_EVENT", ["name": "web", "lab": nil, "event": ["event": "JOB_STATUS_CHANGE"]]),
      .vm(name: "web", lab: nil)
    ),
  ]

  @Test("tells what an event is about", arguments: events.indices)
  func topic(row: Int) {
    #expect(EventTopic(Self.events[row].0) == Self.events[row].1)
  }

  @Test(
    "takes what was named, and nothing else",
    arguments: [
      ([:], []),
      (["vms": true], [0, 1, 2, 3, 6]),
      (["jobs": true], [4, 5]),
      (["vms": true, "jobs": true], [0, 1, 2, 3, 4, 5, 6]),
      (["vms": false, "jobs": false], []),
      (["vms": ["web"]], [0, 1, 6]),
      (["vms": ["shop/web"]], [1]),
      (["vms": ["shop/web", "shop/db"], "jobs": ["7"]], [1, 2, 4]),
      (["vms": ["7"], "jobs": []], []),
      (["jobs": ["8", "9"]], [5]),
    ] as [(JSONObject, [Int])])
  func filter(arguments: JSONObject, heard: [Int]) throws {
    guard case .subscribe(let wanted) = try ControlRequest(command: "subscribe", arguments: arguments) else {
      Issue.record("no subscription")
      return
    }
    #expect(Self.events.indices.filter { wanted.includes(Self.events[$0].1) } == heard)
  }

  @Test("hears everything until a client says otherwise")
  func everything() {
    #expect(Self.events.allSatisfy { Subscription.everything.includes($0.1) })
  }

  @Test("The server sends a client what it has subscribed to, and makes an event once")
  func server() async throws {
    let fixture = try await Fixture(answering: true)
    let (all, one) = (try await fixture.plainClient(), try await fixture.plainClient())
    await one.send(#"{"execute": "subscribe", "arguments": {"vms": ["b"]}, "id": 1}"#)
    #expect(await one.next() == ["return": [:], "id": 1])
    for name in ["a", "b"] {
      fixture.server.broadcast(QMPEvent("VM_STATE_CHANGED", ["name": .string(name), "lab": nil]))
    }
    #expect(await all.next()?["data"]?["name"] == "a")
    #expect(await all.next()?["data"]?["name"] == "b")
    #expect(await one.next()?["data"]?["name"] == "b")
    await one.send(#"{"execute": "subscribe", "arguments": {"vms": 7}, "id": 2}"#)
    #expect(
      await one.next()?["error"]?["desc"]
        == "Invalid parameter 'vms': expected a list of names, true or false, found 7")
    await fixture.end()
  }
}
