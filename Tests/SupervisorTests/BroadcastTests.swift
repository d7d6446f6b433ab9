import Control
import Dispatch
import Glibc
import Host
import Machine
import QMP
import Synchronization
import Testing

@testable import Supervisor

@Suite("What VMs tell everyone")
struct BroadcastTests {
  @Test("what a guest brings about is left out while too much waits, and never what qemuvm says itself")
  func limit() async throws {
    let folder = try LedgerFolder()
    let environment = [
      "QEMUVM_STATE_DIR": folder.path + "/state", "QEMUVM_RUNTIME_DIR": folder.path + "/run",
    ]
    let locations = Locations(environment: environment)
    let supervisor = Supervisor(
      locations: locations, state: try StateDirectory(at: locations.state), environment: environment)
    let told = Mutex<[String: Int]>([:])
    await supervisor.connect(
      tell: { event in told.withLock { $0[event().name, default: 0] += 1 } }, changed: {})
    let services = await supervisor.make(try VMName.web).services
    let blockade = DispatchSemaphore(value: 0)
    supervisor.executor.queue.async { blockade.wait() }
    for _ in 0..<5000 { services.broadcastOfGuest { QMPEvent("VM_EVENT") } }
    services.broadcast { QMPEvent("VM_MESSAGE") }
    blockade.signal()
    // Behind all of them.
    _ = await supervisor.isNeeded
    let counts = told.withLock { $0 }
    #expect(counts["VM_MESSAGE"] == 1)
    #expect(try #require(counts["VM_EVENT"]) < 5000)
  }
}
