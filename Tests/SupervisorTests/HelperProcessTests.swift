import Control
import Glibc
import Host
import Machine
import Testing

@testable import Supervisor

/// A helper made real, with programs of the host in its place.
@Suite("A helper's process") struct HelperProcessTests {
  /// What a helper has told, in its order.
  private final class Told: Sendable {
    let news: AsyncStream<HelperProcess.News>
    let feed: AsyncStream<HelperProcess.News>.Continuation

    init() { (news, feed) = AsyncStream.makeStream() }

    /// Waits until something has been told, and gives what the question has made of it.
    func next<Value>(_ question: (HelperProcess.News) -> Value?) async throws -> Value {
      for await told in news {
        if let value = question(told) { return value }
      }
      throw CancellationError()
    }

    func started() async throws -> Int32 {
      try await next { if case .started(let pid) = $0 { pid } else { nil } }
    }

    func ended() async throws -> (Host.ExitStatus, String) {
      try await next { if case .ended(_, let status, let words) = $0 { (status, words) } else { nil } }
    }

    func changed(to state: VMState) async throws -> HelperReport {
      try await next { if case .changed(let report) = $0, report.state == state { report } else { nil } }
    }
  }

  private static let policy = RestartPolicy(mode: .always, delay: .milliseconds(10), maxDelay: .seconds(1))

  /// A shell in the place of a helper, which begins with the words.
  private static func declaration(
    _ folder: String, _ words: String, _ readiness: ProcessReadiness = .line(descriptor: 4),
    death: HelperDeclaration.Death = .startAgain(policy)
  ) -> HelperDeclaration {
    var declaration = HelperDeclaration(
      "the helper of \(folder)", folder: folder, program: "/bin/sh", arguments: ["-c", words], markCount: 1,
      death: death)
    declaration.readiness = readiness
    declaration.files = [HelperDeclaration.File("a.json", Array("for it".utf8))]
    return declaration
  }

  private static func with(
    _ words: String, _ readiness: ProcessReadiness = .line(descriptor: 4),
    death: HelperDeclaration.Death = .startAgain(policy),
    _ body: (HelperProcess, HelperDeclaration, Told) async throws -> Void
  ) async throws {
    var template = Array("/tmp/qemuvm-helper-XXXXXX".utf8CString)
    let root = try #require(mkdtemp(&template).map { String(cString: $0) })
    defer { try? FileSystem.removeTree(root) }
    let declaration = declaration(root + "/own", words, readiness, death: death)
    let told = Told()
    let helper = HelperProcess(declaration, lanes: Lanes(), files: FileWatch()) { told.feed.yield($0) }
    try await body(helper, declaration, told)
    await helper.release()
    await helper.settle()
    // Another test's child may have a copy of it between its fork and its exec.
    let isFree = try FileLock.take(declaration.lock, within: .seconds(60)) != nil
    #expect(isFree)
  }

  private static let serves = "echo ok >&4; exec 4>&-; exec sleep 1000"

  @Test("has its lock as long as it lives, is started again when it is killed, and ends when nobody needs it")
  func life() async throws {
    try await Self.with(Self.serves) { helper, declaration, told in
      #expect(await helper.need(declaration) == nil)
      #expect(try FileSystem.read(declaration.folder + "/a.json") == Array("for it".utf8))
      let first = try await told.started()
      #expect(LockHolder.holders(of: declaration.lock).map(\.process.pid) == [first])
      kill(first, SIGKILL)
      #expect(try await told.ended().0 == .signal(SIGKILL))
      #expect(try await told.started() != first)
      let report = try await told.changed(to: .running)
      #expect(report.restarts == 1)
      #expect(report.cause == "it was killed by signal 9 (SIGKILL), and was started again")
      await helper.release()
      #expect(try await told.ended().0 == .signal(SIGTERM))
      #expect(try await told.changed(to: .stopped).cause == "nothing needs it")
    }
  }

  @Test("that says why it cannot serve, or says nothing, fails for those who need it, with its last words")
  func refusals() async throws {
    try await Self.with("echo 'error: no luck' >&4; exit 3") { helper, declaration, told in
      #expect(await helper.need(declaration)?.sentence == "cannot be started: no luck")
      let cause = try await told.changed(to: .backoff).cause
      #expect(cause.hasPrefix("it cannot be started: no luck; it starts again "), "\(cause)")
    }
    try await Self.with("echo 'lost its way' >&2; exit 4") { helper, declaration, _ in
      #expect(await helper.need(declaration)?.sentence == "ended with code 4: 'lost its way'")
    }
    try await Self.with("exec sleep 1000") { helper, declaration, _ in
      var declaration = declaration
      declaration.readyTime = .milliseconds(50)
      #expect(await helper.need(declaration)?.sentence == "was not ready in 50 ms")
    }
    try await Self.with("exec sleep 1000") { helper, declaration, _ in
      let other = HelperDeclaration(
        declaration.title, folder: declaration.folder, program: "/no/such/program", arguments: [],
        markCount: 0, death: declaration.death)
      let sentence = try #require(await helper.need(other)?.sentence)
      #expect(
        sentence == "cannot be started: /no/such/program: No such file or directory (posix_spawn)")
    }
  }

  @Test("is ready when its path is there, and what an earlier one has left is not its own")
  func path() async throws {
    var template = Array("/tmp/qemuvm-helper-XXXXXX".utf8CString)
    let root = try #require(mkdtemp(&template).map { String(cString: $0) })
    defer { try? FileSystem.removeTree(root) }
    let path = root + "/socket"
    try FileSystem.replace(path, with: Array("old".utf8), durable: false)
    let words = "echo new >'\(path).draft'; mv '\(path).draft' '\(path)'; exec sleep 1000"
    try await Self.with(words, .path(path)) { helper, declaration, told in
      #expect(await helper.need(declaration) == nil)
      let content = try FileSystem.read(path)
      #expect(content == Array("new\n".utf8))
    }
  }

  @Test("may end without harm to those that it serves, or end them with it", arguments: [true, false])
  func death(isHarmless: Bool) async throws {
    try await Self.with(Self.serves, death: isHarmless ? .goOn : .endOwner) { helper, declaration, told in
      #expect(await helper.need(declaration) == nil)
      kill(try await told.started(), SIGKILL)
      if !isHarmless {
        let failure = try await told.next { if case .ownerEnds(let failure) = $0 { failure } else { nil } }
        #expect(failure.sentence == "was killed by signal 9 (SIGKILL)")
      } else {
        #expect(try await told.changed(to: .failed).cause == "it was killed by signal 9 (SIGKILL)")
      }
      #expect(await helper.need(declaration) == nil)
    }
  }

  @Test("that its owner ends says whether it had ended before by itself")
  func ends() async throws {
    try await Self.with(Self.serves, death: .endOwner) { helper, declaration, told in
      #expect(await helper.need(declaration) == nil)
      #expect(await helper.end(within: .seconds(600)) == nil)
      #expect(await !helper.report.isAlive)
      #expect(await helper.need(declaration) == nil)
      _ = try await told.started()
      let second = try ChildProcess(adopting: try await told.started())
      second.signal(SIGKILL)
      // Whether or not that has been told by then.
      await offQueue {
        var poller = pollfd(fd: second.exitDescriptor, events: Int16(POLLIN), revents: 0)
        while poll(&poller, 1, -1) < 1 {}
      }
      #expect(await helper.end(within: .seconds(600))?.reason == .ended(.signal(SIGKILL)))
      #expect(await helper.end(within: .seconds(600)) == nil)
    }
  }

  @Test("is taken over by its lock, whoever has started it, and replaced only where it is declared otherwise")
  func adoption() async throws {
    try await Self.with(Self.serves) { helper, declaration, told in
      // By a supervisor that is gone.
      let started = try HelperStart(declaration: declaration).run()
      let first = started.process.pid
      guard let line = started.word?.take() else { throw CancellationError() }
      let word = ProcessReadiness.word(from: line)
      #expect(word == .ready)
      let found = try #require(
        LockHolder.settled(of: declaration.lock, found: [first], lookingUntil: .now).first)
      await helper.adopt(found.process, words: ["/bin/sh"] + declaration.arguments)
      #expect(await helper.need(declaration) == nil)
      #expect(LockHolder.holders(of: declaration.lock).map(\.process.pid) == [first])
      var other = declaration
      other.files = [HelperDeclaration.File("b.json", [])]
      #expect(await helper.need(other) == nil)
      #expect(try await told.ended().0 == .signal(SIGTERM))
      #expect(try await told.started() != first)
      #expect(try FileSystem.names(in: declaration.folder).sorted() == ["b.json", "lock", "log"])
    }
  }
}
