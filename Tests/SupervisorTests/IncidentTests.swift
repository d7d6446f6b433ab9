import Control
import Testing

@testable import Supervisor

@Suite("What an admin hears of unasked") struct IncidentTests {
  private func facts(
    _ state: VMState, restarts: Int = 0, restartCause: String? = nil, cause: String = "c"
  ) -> LedgerEvent.StateFacts {
    LedgerEvent.StateFacts(
      state: state, desired: .running, cause: cause, restartCause: restartCause, restarts: restarts)
  }

  @Test("a crash, the restart after it and a VM given up, each once, and nothing that a user has done")
  func story() {
    var watch = IncidentWatch()
    let name = FullName("web", lab: "shop")
    let states = [
      facts(.starting), facts(.running), facts(.stopping), facts(.stopped),
      facts(.backoff, restartCause: "died", cause: "died; it starts again in 2 s"),
      facts(.starting, restarts: 1, restartCause: "died"),
      facts(.running, restarts: 1, restartCause: "died"), facts(.paused, restarts: 1),
      facts(.running, restarts: 1, restartCause: "died"), facts(.failed, restarts: 1, cause: "given up"),
      facts(.starting), facts(.running), facts(.starting, restarts: 1, restartCause: "died"),
      facts(.running, restarts: 1, restartCause: "died"),
    ]
    let lines = states.compactMap { watch.incident($0, of: name)?.line }
    #expect(
      lines == [
        "shop/web: crashed: died; it starts again in 2 s", "shop/web: restarted (restart 1): died",
        "shop/web: failed: given up",
        "shop/web: restarted (restart 1): died",
      ])
  }

  @Test("what an earlier supervisor has seen is told once")
  func takenOver() {
    var watch = IncidentWatch(restarts: 3)
    let name = FullName("web")
    #expect(watch.incident(facts(.running, restarts: 3, restartCause: "died"), of: name) == nil)
    #expect(watch.incident(facts(.running, restarts: 4, restartCause: "died"), of: name)?.restarts == 4)
  }
}
