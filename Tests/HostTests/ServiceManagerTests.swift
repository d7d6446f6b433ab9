import Glibc
import Host
import Testing

@Suite("The service manager")
struct ServiceManagerTests {
  private func hear(_ socket: borrowing FileDescriptor) -> String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = recv(socket.rawValue, &buffer, buffer.count, 0)
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }

  @Test("hears what it is told at its socket, several things at once")
  func told() throws {
    let folder = try TemporaryFolder()
    let socket = try UnixSocket.datagrams(at: folder.file("notify"))
    let manager = ServiceManager(environment: ["NOTIFY_SOCKET": folder.file("notify")])
    #expect(manager.tell(.ready, .mainProcess(7), .status("two\nlines")))
    #expect(hear(socket) == "READY=1\nMAINPID=7\nSTATUS=two lines")
    #expect(manager.tell(.alive) && manager.tell(.stopping))
    #expect(hear(socket) == "WATCHDOG=1" && hear(socket) == "STOPPING=1")
  }

  @Test("hears at an abstract name as well")
  func abstract() throws {
    let name = "qemuvm-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    let socket = FileDescriptor(owning: Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: [0] + Array(name.utf8)) }
    let size = socklen_t(MemoryLayout<sa_family_t>.size + 1 + name.utf8.count)
    let number = socket.rawValue
    let code = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(number, $0, size) }
    }
    try #require(code == 0)
    #expect(ServiceManager(environment: ["NOTIFY_SOCKET": "@" + name]).tell(.ready))
    #expect(hear(socket) == "READY=1")
  }

  @Test("that is not there, or says nonsense, is told nothing, and nothing is waited for")
  func absent() throws {
    let folder = try TemporaryFolder()
    for socket in [nil, "", "relative", folder.file("none"), "/" + String(repeating: "x", count: 200)] {
      #expect(!ServiceManager(environment: socket.map { ["NOTIFY_SOCKET": $0] } ?? [:]).tell(.ready))
    }
  }

  @Test("watches, and hands over sockets, only by variables that are for this process")
  func variables() {
    func manager(_ environment: [String: String]) -> ServiceManager {
      ServiceManager(environment: environment, pid: 7)
    }
    #expect(manager(["WATCHDOG_USEC": "5000000"]).watchdogTime == .seconds(5))
    #expect(manager(["WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "7"]).watchdogTime == .seconds(5))
    #expect(manager(["WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "8"]).watchdogTime == nil)
    for text in ["0", "-1", "x", ""] { #expect(manager(["WATCHDOG_USEC": text]).watchdogTime == nil) }
    #expect(manager(["LISTEN_PID": "7", "LISTEN_FDS": "2"]).listenerCount == 2)
    #expect(manager(["LISTEN_PID": "8", "LISTEN_FDS": "2"]).listenerCount == 0)
    #expect(manager(["LISTEN_FDS": "2"]).listenerCount == 0)
    for text in ["-1", "x", ""] {
      #expect(manager(["LISTEN_PID": "7", "LISTEN_FDS": text]).listenerCount == 0)
    }
  }

  @Test("has made a socket whose path is known, if it listens")
  func listeners() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("s")
    let passed = PassedDescriptor(try UnixSocket.listen(at: path))
    #expect(passed.listenerPath == path && passed.listenerPath == path)
    #expect(passed.take() != nil && passed.listenerPath == nil)
    let pair = try UnixSocket.pair()
    #expect(UnixSocket.pathOfListener(pair.first) == nil)
    #expect(UnixSocket.pathOfListener(try FileDescriptor.open("/dev/null", O_RDONLY)) == nil)
  }
}
