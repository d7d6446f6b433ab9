import Control
import Host
import Machine
import QMP
import Testing

@testable import Supervisor

@Suite("A QEMU whose monitor is lost") struct LostMonitorLifecycleTests {
  private static let told = LifecycleEffect.tell(
    "QEMU's monitor is lost (gone), so the guest cannot be asked to end; trying SIGTERM")

  @Test("says so, and a stop goes straight to what still works")
  func running() {
    var vm = Driver.running()
    #expect(vm.handle(.monitorLost("gone")) == [.announce])
    #expect(vm.life.state == .running && vm.life.cause.hasPrefix("its monitor is lost (gone)"))
    #expect(vm.handle(.monitorLost("again")) == [])
    #expect(vm.handle(.stop(timeout: nil)) == [.announce, .signal(15), Self.told])
    _ = vm.handle(.exited(.code(0), stderr: ""))
    #expect(vm.life.cause == "stopped by the user (ended by SIGTERM)")
    // The next one has a monitor of its own.
    _ = vm.handle(.start)
    vm.becomeRunning()
    #expect(vm.life.cause == "running")
    #expect(vm.handle(.stop(timeout: nil)) == [.announce, .pressButton(first: true)])
  }

  @Test("is ended by SIGTERM where it was to end already, and where it is paused or restarted")
  func elsewhere() {
    var stopping = Driver.running()
    _ = stopping.handle(.stop(timeout: nil))
    #expect(stopping.handle(.monitorLost("gone")) == [.signal(15), Self.told])

    var paused = Driver.running()
    _ = paused.handle(.runState(.paused))
    _ = paused.handle(.monitorLost("gone"))
    #expect(paused.life.state == .paused && paused.life.cause.contains("its monitor is lost (gone)"))
    #expect(paused.handle(.restart(timeout: nil)) == [.announce, .signal(15), Self.told])

    var adopted = Driver.running()
    _ = adopted.handle(.adopted)
    #expect(adopted.handle(.monitorLost("gone")) == [.announce])
    #expect(adopted.life.cause.contains("its monitor is lost (gone)"))
    #expect(adopted.handle(.stop(timeout: nil)) == [.announce, .signal(15), Self.told])

    var waited = Driver.running()
    _ = waited.handle(.adopted)
    _ = waited.handle(.stop(timeout: nil))
    #expect(waited.handle(.monitorLost("gone")) == [.announce, .signal(15), Self.told])
  }

  @Test("ends a start at once, whose guest has not begun; of one that was found it tells")
  func start() {
    for isNegotiated in [false, true] {
      var vm = Driver()
      _ = vm.handle(.start)
      _ = vm.handle(.spawned)
      if isNegotiated { _ = vm.handle(.negotiated) }
      #expect(vm.handle(.monitorLost("gone")) == [.announce, .signal(9)])
      _ = vm.handle(.exited(.signal(9), stderr: ""))
      #expect(vm.life.state == .failed)
      #expect(vm.life.cause == "cannot start: QEMU's monitor cannot be reached: gone")
    }
    var found = Driver()
    _ = found.handle(.start)
    _ = found.handle(.adopted)
    #expect(found.handle(.monitorLost("gone")) == [.announce])
    #expect(found.life.state == .starting)
  }

  @Test("that answers again is asked as before")
  func again() {
    var vm = Driver.running()
    _ = vm.handle(.monitorLost("gone"))
    _ = vm.handle(.negotiated)
    #expect(vm.handle(.stop(timeout: nil)) == [.announce, .pressButton(first: true)])
  }
}
