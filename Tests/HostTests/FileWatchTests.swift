import Dispatch
import Glibc
import Host
import Testing

@Suite("A file watch")
struct FileWatchTests {
  private let folder: TemporaryFolder
  private let watch = FileWatch()
  private var log: String { folder.file("log") }

  init() throws {
    folder = try TemporaryFolder()
    try folder.write("log", "begun\n")
  }

  private func append(_ text: String = "more\n") throws {
    try FileDescriptor.openLog(log).write(Array(text.utf8))
  }

  @Test("tells of the next modification, once", .timeLimit(.minutes(10)))
  func once() async throws {
    let (calls, feed) = AsyncStream.makeStream(of: String.self)
    _ = try watch.watch(log) { feed.yield("first") }
    try append()
    var call = calls.makeAsyncIterator()
    #expect(await call.next() == "first")
    try append()
    // Calls come in order: a second one of the first question would come before this.
    _ = try watch.watch(log) { feed.yield("second") }
    try append()
    #expect(await call.next() == "second")
  }

  @Test("is asked once about each path, however often", .timeLimit(.minutes(10)))
  func onceForEachPath() async throws {
    let (calls, feed) = AsyncStream.makeStream(of: Int.self)
    var questions = FileQuestions(watch)
    for number in 0..<5 {
      let isAsked = questions.ask(about: log, for: .modification) { feed.yield(number) }
      #expect(isAsked)
    }
    try append()
    var call = calls.makeAsyncIterator()
    #expect(await call.next() == 4)
    let isAsked = questions.ask(about: log, for: .modification) { feed.yield(5) }
    #expect(isAsked)
    try append()
    #expect(await call.next() == 5)
    let isThere = questions.ask(about: folder.file("none"), for: .modification) {}
    #expect(!isThere)
  }

  @Test("tells all who asked about one file, and none who took it back", .timeLimit(.minutes(10)))
  func several() async throws {
    let (calls, feed) = AsyncStream.makeStream(of: Int.self)
    let tokens = try (0..<4).map { number in try watch.watch(log) { feed.yield(number) } }
    watch.cancel(tokens[1])
    watch.cancel(tokens[1])
    try append()
    var call = calls.makeAsyncIterator()
    #expect(await [call.next(), call.next(), call.next()] == [0, 2, 3])
    // Of what has been told, nothing can be taken back, nor anything of a later question.
    _ = try watch.watch(log) { feed.yield(4) }
    watch.cancel(tokens[0])
    try append()
    #expect(await call.next() == 4)
  }

  @Test("is silent about a file that the last who asked no longer asks about", .timeLimit(.minutes(10)))
  func silence() async throws {
    try folder.write("other", "")
    let (calls, feed) = AsyncStream.makeStream(of: String.self)
    watch.cancel(try watch.watch(log) { feed.yield("log") })
    _ = try watch.watch(folder.file("other")) { feed.yield("other") }
    try append()
    try folder.write("other", "modified")
    var call = calls.makeAsyncIterator()
    #expect(await call.next() == "other")
  }

  @Test("tells when the file is removed, and refuses one that is not there", .timeLimit(.minutes(10)))
  func removed() async throws {
    let (calls, feed) = AsyncStream.makeStream(of: Void.self)
    _ = try watch.watch(log) { feed.yield() }
    try FileSystem.remove(log)
    var call = calls.makeAsyncIterator()
    await call.next()
    let error = #expect(throws: SystemError.self) { _ = try watch.watch(log) {} }
    #expect(error?.code == ENOENT)
  }

  @Test("tells all who asked when events were lost", .timeLimit(.minutes(10)))
  func overflow() async throws {
    let most = try #require(
      Int(
        String(decoding: try FileSystem.read("/proc/sys/fs/inotify/max_queued_events"), as: UTF8.self)
          .filter(\.isNumber)))
    try folder.write("other", "")
    let (calls, feed) = AsyncStream.makeStream(of: String.self)
    let (isHeld, isFull) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    // While this one is told, nobody reads what the kernel has to say.
    _ = try watch.watch(log) {
      isHeld.signal()
      isFull.wait()
    }
    try append()
    await offQueue { isHeld.wait() }
    // Each is the modification, and the end of a watch that fires once.
    for _ in 0..<(most / 2 + 1) {
      _ = try watch.watch(log) {}
      try append()
    }
    _ = try watch.watch(folder.file("other")) { feed.yield("other") }
    try folder.write("other", "modified")
    isFull.signal()
    var call = calls.makeAsyncIterator()
    #expect(await call.next() == "other")
    // And it goes on as before.
    _ = try watch.watch(log) { feed.yield("log") }
    try append()
    #expect(await call.next() == "log")
  }

  @Test("misses nothing of a writer that never rests", .timeLimit(.minutes(10)))
  func restless() async throws {
    let (looks, feed) = AsyncStream.makeStream(of: Void.self)
    let goal: Int64 = 6 + 5 * 20_000
    _ = try watch.watch(log) { feed.yield() }
    let path = log
    let writer = Task.detached {
      let file = try FileDescriptor.openLog(path)
      for _ in 0..<20_000 { try file.write(Array("more\n".utf8)) }
    }
    // Asked first and looked then: the last byte is seen whatever the two are doing at that moment.
    for await _ in looks {
      _ = try watch.watch(log) { feed.yield() }
      if FileSystem.size(of: log) == goal { break }
    }
    try await writer.value
  }
}
