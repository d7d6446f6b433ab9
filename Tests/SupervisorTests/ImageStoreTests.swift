import Control
import Glibc
import Host
import Inspection
import JSON
import Machine
import Testing

@testable import Supervisor

/// The image store, driven by its own work without a supervisor.
@Suite("The image store") struct ImageStoreTests {
  private let folder: LedgerFolder
  private let store: ImageStore
  private let images: Images
  private static let environment = ["PATH": "/usr/bin:/bin"]

  init() throws {
    folder = try LedgerFolder()
    store = ImageStore(folder: folder.path + "/images")
    images = Images(store: store, environment: Self.environment)
  }

  private func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    let path = folder.path + "/" + name
    try FileSystem.replace(path, with: bytes, durable: false)
    return path
  }

  private func add(_ file: String, as name: String, _ task: JobTask = JobTask()) async throws -> ImageReport {
    try await images.prepare()
    let work = images.adding(file, as: name)
    return try ImageReport(json: .object(try await offQueue { Result { try work(task) } }.get()))
  }

  /// Everything under the store but its folders.
  private func names() throws -> [String] {
    try ["content", "names"].flatMap { try FileSystem.names(in: store.folder + "/" + $0) }
  }

  @Test("keeps for a week what has come of a download, and removes at once what was half made otherwise")
  func clearingDownloads() async throws {
    try store.makeFolders()
    let image = { (url: String) throws in
      try RemoteImage(url: url, checksum: .sha256(String(repeating: "0", count: 64)))
    }
    let (young, old) = (
      store.partial(of: try image("https://a/b")), store.partial(of: try image("https://a/c"))
    )
    for path in [young, old, store.draft(of: "x")] {
      try FileSystem.replace(path, with: [1], durable: false)
    }
    let weekAgo = time(nil) - 8 * 86_400
    var times = [timeval(tv_sec: weekAgo, tv_usec: 0), timeval(tv_sec: weekAgo, tv_usec: 0)]
    #expect(utimes(old, &times) == 0)
    #expect(try store.namelessContents() == [])
    store.clear()
    #expect(try names() == [FileSystem.name(of: young)])
  }

  @Test("keeps a copy by its checksum, private, with holes where the file has nothing")
  func adding() async throws {
    var bytes = [UInt8](repeating: 0, count: 5 << 20)
    for place in 0..<100 { bytes[place] = UInt8(place + 1) }
    bytes[bytes.count - 1] = 7
    let source = try file("disk.img", bytes + [1, 2, 3])
    let task = JobTask()
    let image = try await add(source, as: "base", task)
    let sum = try await sha256(source)
    #expect(image.sha256 == sum && image.format == "raw" && image.sizeBytes == Int64(bytes.count + 3))
    #expect(image.file == store.folder + "/content/" + sum)
    #expect(try FileSystem.read(image.file) == bytes + [1, 2, 3])
    #expect(task.progress == JobReport.Progress(current: image.sizeBytes, total: image.sizeBytes))
    var status = stat()
    #expect(stat(image.file, &status) == 0 && status.st_mode & 0o777 == 0o600)
    #expect(status.st_blocks * 512 < 4 << 20, "its zeros take space")
    #expect(try names() == [sum, "base.json"])
    #expect(try store.list().map(\.name) == ["base"])
  }

  @Test("takes a content once, whatever its names, and lets it go with the last of them")
  func shared() async throws {
    let source = try file("disk.img", [1, 2, 3])
    let first = try await add(source, as: "a")
    #expect(try await add(source, as: "b").sha256 == first.sha256)
    #expect(try await add(source, as: "a") == (try await images.report(images.image("a"))))
    #expect(try names() == [first.sha256, "a.json", "b.json"])
    let other = try file("other.img", [4])
    await #expect(throws: JobFailure.self) { try await add(other, as: "a") }
    #expect(try names() == [first.sha256, "a.json", "b.json"])
    try await images.remove(images.image("a"))
    #expect(try names() == [first.sha256, "b.json"])
    try await images.remove(images.image("b"))
    #expect(try names() == [])
    await #expect(throws: ControlError.self) { try await images.image("b") }
  }

  @Test("refuses what is no image, or needs another file, and leaves nothing of it")
  func refused() async throws {
    let base = try await qemuImg(["create", "-q", "-f", "qcow2", "base.qcow2", "1M"], "base.qcow2")
    let overlay = try await qemuImg(
      ["create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", "overlay.qcow2"], "overlay.qcow2")
    let data = try await qemuImg(
      ["create", "-q", "-f", "qcow2", "-o", "data_file=data.raw", "split.qcow2", "1M"], "split.qcow2")
    let flat = try await qemuImg(
      ["create", "-q", "-f", "vmdk", "-o", "subformat=monolithicFlat", "flat.vmdk", "1M"], "flat.vmdk")
    let old = try await qemuImg(["create", "-q", "-f", "qcow", "old.qcow", "1M"], "old.qcow")
    let empty = try file("empty.img", [])
    for (path, words) in [
      (overlay, "stands on another image, 'base.qcow2'"), (data, "keeps its data in another file"),
      (flat, "names other files"), (old, "a qcow image"), (empty, "is empty"), (folder.path, "is no file"),
      (folder.path + "/absent", "No such file or directory"),
    ] {
      let error = await #expect(throws: (any Error).self) { try await add(path, as: "x") }
      let text = error.map { JobFailure($0).words } ?? ""
      #expect(text.contains(words), "\(path): \(text)")
    }
    #expect(try names() == [])
    #expect(try await add(base, as: "base").format == "qcow2")
  }

  @Test("sees that a content has changed, or is gone")
  func verifying() async throws {
    let a = try await add(try file("a.img", [1, 2, 3]), as: "a")
    let b = try await add(try file("b.img", [4, 5, 6]), as: "b")
    let all = try await images.list()
    let task = JobTask()
    let work = images.verifying(all)
    #expect(try await offQueue { Result { try work(task) } }.get() == ["images": ["a", "b"]])
    #expect(task.progress == JobReport.Progress(current: 6, total: 6))
    try FileSystem.replace(a.file, with: [1, 2, 4], durable: false)
    try FileSystem.remove(b.file)
    let error = await #expect(throws: (any Error).self) {
      try await offQueue { Result { try work(JobTask()) } }.get()
    }
    let text = error.map { JobFailure($0).words } ?? ""
    #expect(text.contains("a: its content has changed") && text.contains("b: \(b.file): No such file"))
  }

  @Test("clears away what is half made, and what was to go and lost its name")
  func clearing() async throws {
    let a = try await add(try file("a.img", [1, 2, 3]), as: "a")
    let nameless = store.content(String(repeating: "0", count: 64))
    for path in [nameless, store.draft(of: "b"), store.folder + "/names/b.json.1-2.new"] {
      try FileSystem.replace(path, with: [1], durable: false)
    }
    images.clear()
    #expect(await images.nameless() == [nameless])
    await images.remove(nameless: [nameless, a.file])
    #expect(try names() == [a.sha256, "a.json"])
    // A name that cannot be read may mean any content.
    try FileSystem.replace(nameless, with: [1], durable: false)
    try FileSystem.replace(store.folder + "/names/b.json", with: [1], durable: false)
    #expect(await images.nameless().isEmpty)
  }

  @Test("stops when it is not wanted any more, and leaves nothing")
  func cancelled() async throws {
    let task = JobTask()
    task.cancel()
    let source = try file("disk.img", [1, 2, 3])
    await #expect(throws: JobFailure.cancelled) { try await add(source, as: "a", task) }
    #expect(try names() == [])
  }

  @Test("says which package has the program that it needs")
  func program() async throws {
    let bare = Images(store: store, environment: ["PATH": folder.path])
    try await bare.prepare()
    let work = bare.adding(try file("disk.img", [1]), as: "a")
    let error = await #expect(throws: JobFailure.self) {
      try await offQueue { Result { try work(JobTask()) } }.get()
    }
    #expect(error?.words.contains("coreutils") == true)
    #expect(try names() == [])
  }

  @Test("finds who stands on a file: that very disk, an overlay on it, and what 'down' has left")
  func users() async throws {
    let base = try await qemuImg(["create", "-q", "-f", "qcow2", "base.qcow2", "1M"], "base.qcow2")
    let kept = folder.path + "/disks"
    try FileSystem.makeDirectory(kept + "/old")
    for overlay in ["top.qcow2", "disks/old/disk.qcow2"] {
      _ = try await qemuImg(
        ["create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", overlay], overlay)
    }
    let other = try file("other.img", [1])
    func users(_ disks: [String]) -> [String]? {
      ImageUsers(disks: disks.map { (file: $0, owner: "web") }, kept: kept).find(of: [base])[base]
    }
    let left = "what 'down' has left of old ('\(kept)/old/disk.qcow2')"
    #expect(users([other]) == [left])
    #expect(users([base]) == ["web ('\(base)')", left])
    #expect(users([folder.path + "/top.qcow2"]) == ["web ('\(folder.path)/top.qcow2')", left])
    try FileSystem.removeTree(kept)
    #expect(users([other]) == nil)
  }

  @Test(
    "calls an image by its file, without the ending that tells the format",
    arguments: [
      ("/a/debian-12.qcow2", "debian-12"), ("/a/Disk.IMG", "Disk"), ("/a/b.tar", "b.tar"), ("/a/x", "x"),
      ("/a/.qcow2", ".qcow2"), ("/a/debian-12.1.raw", "debian-12.1"),
    ])
  func customaryName(file: String, name: String) {
    #expect(ImageName.customary(for: file) == name)
  }

  @Test("takes as a name what is a file's name and no option", arguments: ["a", "debian-12.1_x+y", "9"])
  func goodName(name: String) { #expect(ImageName.fault(in: name) == nil) }

  @Test("finds no image by what cannot be a name, whatever file that leads to")
  func traversal() async throws {
    let image = try await add(try file("a.img", [1]), as: "a")
    _ = try file("outside.json", try FileSystem.read(store.folder + "/names/a.json"))
    await #expect(throws: ControlError.self) { try await images.image("../../outside") }
    #expect(FileSystem.exists(image.file))
  }

  @Test("takes nothing else", arguments: ["", ".a", "-a", "a/b", "a b", "ä", "..", "a\n"])
  func badName(name: String) { #expect(ImageName.fault(in: name) != nil) }

  // MARK: The host's programs

  private func sha256(_ path: String) async throws -> String {
    let pipe = try FileDescriptor.pipe()
    var launch = ChildProcess.Launch(program: "/usr/bin/sha256sum", arguments: [path])
    launch.descriptors = [1: pipe.writeEnd.rawValue]
    let process = try ChildProcess(launch)
    let output = pipe.takeReadEnd()
    #expect(await offQueue { process.wait() } == .code(0))
    return String(decoding: try output.read(upTo: 64), as: UTF8.self)
  }

  private func qemuImg(_ arguments: [String], _ made: String) async throws -> String {
    var launch = ChildProcess.Launch(program: "/usr/bin/qemu-img", arguments: arguments)
    launch.directory = folder.path
    let process = try ChildProcess(launch)
    try #require(await offQueue { process.wait() } == .code(0), "qemu-img \(arguments)")
    return folder.path + "/" + made
  }
}
