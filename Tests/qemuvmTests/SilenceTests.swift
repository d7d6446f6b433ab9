import Control
import Dispatch
import Glibc
import Host
import JSON
import Testing

@testable import qemuvm

@Suite("A supervisor that says nothing any more") struct SilenceTests {
  /// Folders of a fleet's own, removed with this, and a command's context there that waits for moments only.
  private final class Place: Sendable {
    let root: String
    let context: Context

    init() throws {
      var template = Array("/tmp/qemuvm-silence.XXXXXX".utf8CString)
      let root = try #require(mkdtemp(&template).map { String(cString: $0) })
      self.root = root
      let folders = ["STATE", "RUNTIME", "CONFIG"].map { "QEMUVM_\($0)_DIR=\(root)/\($0)" }
      context = Context(
        environment: folders + ["HOME=\(root)", "PATH=/usr/bin:/bin"],
        patience: Patience(answer: .seconds(3), news: .milliseconds(100)))
      try FileSystem.makeDirectory(context.locations.state)
      try FileSystem.makeDirectory(context.locations.runtime)
    }

    deinit { try? FileSystem.removeTree(root) }
  }

  /// What a command ended with; nil when it did not fail.
  private static func failure(_ work: @escaping @Sendable () throws -> Void) async throws -> CommandFailure? {
    let result = await offQueue { Result(catching: work) }
    do {
      try result.get()
      return nil
    } catch let failure as CommandFailure {
      return failure
    }
  }

  @Test("That it is stopped, and what lets it go on, is said by its PID", .timeLimit(.minutes(10)))
  func stopped() async throws {
    let place = try Place()
    let tests = FileSystem.linkTarget("/proc/self/exe") ?? "."
    var launch = ChildProcess.Launch(
      program: FileSystem.parent(of: tests) + "/qemuvm",
      arguments: ["supervisor", "run", SupervisorStart.option, "3"],
      environment: place.context.environment.map { "\($0.key)=\($0.value)" })
    let pipe = try FileDescriptor.pipe()
    launch.descriptors = [3: pipe.writeEnd.rawValue]
    let supervisor = try ChildProcess(launch)
    let words = pipe.takeReadEnd()
    let first = await offQueue { (try? words.read(upTo: 100)) ?? [] }
    try #require(SupervisorStart(first) == .listening)
    supervisor.signal(SIGSTOP)
    // The signal is on its way to each thread yet.
    await offQueue {
      var how = siginfo_t()
      while waitid(P_PID, id_t(supervisor.pid), &how, Int32(WSTOPPED)) < 0, errno == EINTR {}
    }
    let connector = SupervisorConnector(context: place.context)
    let failure = try await Self.failure { _ = try connector.connect() }
    supervisor.signal(SIGKILL)
    _ = await offQueue { supervisor.wait() }
    #expect(
      failure?.text == """
        qemuvm: the supervisor (PID \(supervisor.pid)) has not answered within 3 s: its process is stopped (SIGSTOP)
          'kill -CONT \(supervisor.pid)' lets it go on.
          'kill -KILL \(supervisor.pid)' ends it and leaves guests running; the next command starts another.

        """)
    #expect(failure?.code == .noSupervisor)
  }

  @Test(
    "A command that waits for a VM asks whether it is there, and does not say that it left",
    .timeLimit(.minutes(10)), arguments: [true, false])
  func hanging(isAnswered: Bool) async throws {
    let place = try Place()
    let isOver = DispatchSemaphore(value: 0)
    try Self.hang(at: place.context.locations.controlSocket, behindReply: isAnswered, until: isOver)
    let order = FleetCommand.Order(label: "web", goal: .stopped)
    let command = FleetCommand(
      commands: [.init(.stop(name: VMReference("web"), timeout: nil), order)], timeout: nil, patience: nil,
      context: place.context)
    let result = await offQueue { Result { try command.run() } }
    isOver.signal()
    let failure = try #require(try result.get().failures[0])
    #expect(failure.code == .noSupervisor)
    #expect(
      failure.text == """
        \(isAnswered ? "shop/web" : "web"): the supervisor has not answered within 3100 ms: whether it has done 'stop' \
        is not known
          \(isAnswered ? "Its wish is kept; 'qemuvm status shop/web' shows what became of it.\n  " : "")\
        'qemuvm supervisor status' tells more.

        """)
  }

  /// A supervisor that takes the first command of its only client, answers it or not, and says nothing from then on.
  ///
  /// On a thread of its own: those of tasks may all be taken by tests that wait.
  private static func hang(at path: String, behindReply: Bool, until isOver: DispatchSemaphore) throws {
    let listener = PassedDescriptor(try UnixSocket.listen(at: path))
    let vm = VMWaitTests.vm("stopping", desired: "stopped", actions: ["stop"])
    let lines: [JSONObject] =
      [["return": [:], "id": 0], ["return": [:], "id": 1]]
      + (behindReply ? [["return": .object(vm), "id": 2]] : [])
    let greeting = """
      {"QMP": {"version": {"qemu": {"major": 0, "minor": 1, "micro": 0}, "package": "qemuvm"}, \
      "capabilities": []}}

      """
    DispatchQueue(label: "a supervisor").async {
      func wait(for descriptor: Int32) {
        var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        poll(&poller, 1, -1)
      }
      do {
        guard let listener = listener.take() else { return }
        wait(for: listener.rawValue)
        guard let socket = try UnixSocket.accept(from: listener.rawValue) else { return }
        try socket.write(Array(greeting.utf8))
        var heard = ""
        while !heard.contains(#""stop""#) {
          wait(for: socket.rawValue)
          heard += String(decoding: try socket.read(upTo: 65536), as: UTF8.self)
        }
        for line in lines { try socket.write(JSONValue.object(line).bytes() + [UInt8(ascii: "\n")]) }
        isOver.wait()
        withExtendedLifetime(socket) {}
      } catch {
        Issue.record(error)
      }
    }
  }
}
