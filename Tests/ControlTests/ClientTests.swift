import Control
import Glibc
import Host
import JSON
import QMP
import Testing

@Suite("The control client")
struct ClientTests {
  @Test("says that nobody listens")
  func nobody() async {
    let error = await #expect(throws: SystemError.self) {
      try await ControlClient.connect(to: "/tmp/no/such.sock")
    }
    #expect(error?.code == ENOENT)
  }

  @Test("gives up a command at its deadline")
  func deadline() async throws {
    let fixture = try await Fixture()
    let client = try await fixture.client()
    let error = await #expect(throws: ControlError.self) {
      try await client.perform(.queryVMs, deadline: .milliseconds(10))
    }
    #expect(error?.kind == .timedOut)
    await client.close()
    await fixture.end()
  }

  @Test("says that the supervisor went, and ends its events")
  func serverGone() async throws {
    let fixture = try await Fixture()
    let client = try await fixture.client()
    let events = await client.events()
    let asked = Task { try await client.perform(.queryVMs) }
    var started = fixture.work.started.makeAsyncIterator()
    #expect(await started.next() == .queryVMs)
    await fixture.end()
    let error = await #expect(throws: ControlError.self) { try await asked.value }
    #expect(error?.kind == .disconnected)
    for await event in events { Issue.record("an event: \(event)") }
    await fixture.work.answer(.queryVMs, .success([]))
  }

  @Test("ends its events when nobody holds it any more")
  func released() async throws {
    let fixture = try await Fixture(answering: true)
    let events = try await fixture.client().events()
    for await event in events { Issue.record("an event: \(event)") }
    await fixture.end()
  }
}
