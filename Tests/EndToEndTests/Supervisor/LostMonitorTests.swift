import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  /// A connection between the supervisor and QEMU that ends while both live.
  @Suite("A lost connection to QEMU", .enabled(if: Fleet.mayCutConnections)) struct LostMonitor {
    /// Cuts a process's connection to a monitor; corresponds to pidfd_getfd(2), which only its tracer may call.
    private static let cut = """
      import ctypes, errno, os, socket, sys
      pid = int(sys.argv[1])
      handle, cut = os.pidfd_open(pid), 0
      for name in os.listdir(f"/proc/{pid}/fd"):
          number = ctypes.CDLL(None, use_errno=True).syscall(438, handle, int(name), 0)
          # QEMU may have closed it since it was listed.
          if number < 0 and ctypes.get_errno() == errno.EBADF: continue
          if number < 0: raise OSError(ctypes.get_errno(), "pidfd_getfd")
          try:
              end = socket.socket(fileno=number)
          except OSError:
              os.close(number)
              continue
          with end:
              if end.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN): continue
              try:
                  names = [str(end.getsockname()), str(end.getpeername())]
              except OSError:
                  continue
              if any(path.endswith("/monitor.sock") for path in names):
                  end.shutdown(socket.SHUT_RDWR)
                  cut += 1
      print(cut)
      """

    private static func cut(_ process: FleetProcess, in fleet: Fleet) async throws {
      let outcome = try await fleet.tool("/usr/bin/python3", ["-c", cut, "\(process.pid)"])
      #expect(outcome.output == "1\n", "\(outcome.errors)")
    }

    @Test("It is made again, and what the guest did meanwhile is seen")
    func again() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let guest = try fleet.guest()
        let monitor = try await fleet.userMonitor(of: "web")
        for _ in 1...5 {
          try await Self.cut(guest, in: fleet)
          try await monitor.execute("stop")
          try await fleet.wait(for: "web", toBe: "paused")
          try await Self.cut(guest, in: fleet)
          try await monitor.execute("cont")
          try await fleet.wait(for: "web", toBe: "running")
        }
        #expect(try fleet.guest().pid == guest.pid)
        #expect(try await fleet.status("web")["restarts"] == 0)
      }
    }

    @Test("One that is lost for good is the cause, and a stop goes straight to SIGTERM")
    func forGood() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let guest = try fleet.guest()
        guest.signal(SIGSTOP)
        try await fleet.supervisor().kill()
        try await fleet.qemuvm("ls")
        for _ in 1...3 { try await Self.cut(fleet.supervisor(), in: fleet) }
        let vm = try await fleet.wait(for: "web") {
          $0["cause"]?.string?.contains("its monitor is lost") == true
        }
        #expect(vm["pid"]?.int == guest.pid)
        guest.signal(SIGCONT)
        let stop = try await fleet.qemuvm("stop", "web")
        #expect(stop.errors.contains("trying SIGTERM") && !stop.errors.contains("quit"), "\(stop)")
        #expect(try await fleet.status("web")["cause"] == "stopped by the user (ended by SIGTERM)")
        #expect(guest.hasExited)
      }
    }

    @Test("It is made again when it ended before QEMU had answered")
    func beforeTheGreeting() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let guest = try fleet.guest()
        guest.signal(SIGSTOP)
        try await fleet.supervisor().kill()
        let list = try await fleet.qemuvm("ls")
        #expect(list.output.contains("has not answered yet"))
        try await Self.cut(fleet.supervisor(), in: fleet)
        guest.signal(SIGCONT)
        try await fleet.wait(for: "web", toBe: "running")
        #expect(try fleet.guest().pid == guest.pid)
        #expect(try await fleet.qemuvm("qmp", "web", "query-status").output.contains("running"))
      }
    }
  }
}

extension Fleet {
  fileprivate static let mayCutConnections = getuid() == 0 && FileSystem.exists("/usr/bin/python3")
}
