import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  /// The image store and its jobs, by the command line and the control socket.
  @Suite("Images and jobs") struct Images {
    @Test("An image is taken in, listed, verified, kept while a VM stands on it, and removed")
    func wholeLife() async throws {
      try await Fleet.run { fleet in
        try await Self.make("base.qcow2", in: fleet)
        let added = try await fleet.json("image", "add", "base.qcow2")
        let content = try #require(added["file"]?.string)
        #expect(added["name"] == "base" && added["format"] == "qcow2")
        #expect(try await fleet.tool("cmp", [fleet.folder + "/base.qcow2", content]).code == 0)
        #expect(try await fleet.json("image", "ls") == [added])
        #expect(try await fleet.qemuvm("image", "verify").output == "base: as it was added\n")
        let jobs = try #require(try await fleet.json("jobs").array)
        #expect(jobs.map { $0["type"] } == ["image-add", "image-verify"])
        #expect(jobs.allSatisfy { $0["status"] == "concluded" && $0["error"] == .null })
        #expect(jobs.first?["result"] == added)

        try await Self.make("web.qcow2", in: fleet, on: content)
        try fleet.define("disks: ['web.qcow2'],")
        try await fleet.qemuvm("create")
        let refused = try await fleet.qemuvm("image", "rm", "base", expecting: 1)
        #expect(refused.errors.contains("shop/web ('\(fleet.folder)/web.qcow2') stands on it"))
        try await fleet.qemuvm("down", "web")
        try await fleet.qemuvm("image", "rm", "base")
        #expect(try await fleet.json("image", "ls") == [])
        #expect(!FileSystem.exists(content))
        let unknown = try await fleet.qemuvm("image", "rm", "base", expecting: 1)
        #expect(unknown.errors.contains("there is no image 'base'"))

        try await fleet.qemuvm("job", "dismiss", "1")
        let left = try await fleet.json("jobs").array?.compactMap { $0["id"]?.string }
        #expect(left == ["2"])
        let gone = try await fleet.qemuvm("job", "cancel", "1", expecting: 1)
        #expect(gone.errors.contains("there is no job '1'"))
      }
    }

    @Test("No VM comes to stand on an image while that is being removed")
    func removedUnderWay() async throws {
      try await Fleet.run { fleet in
        try await Self.make("base.qcow2", in: fleet)
        try await fleet.qemuvm("image", "add", "base.qcow2")
        let content = try #require(try await fleet.json("image", "ls").array?.first?["file"]?.string)
        try await Self.make("web.qcow2", in: fleet, on: content)
        let slow = fleet.folder + "/slow"
        try FileSystem.makeDirectory(slow)
        try await Self.make("slow/disk.qcow2", in: fleet)
        try fleet.write(
          """
          { lab: 'shop', vms: { web: { profile: 'hello', disks: ['web.qcow2'] },
            slow: { profile: 'hello', disks: ['slow/disk.qcow2'] } } }
          """)
        try await fleet.qemuvm("create", "slow")
        // Who stands on the image is asked of every disk, and this one does not answer.
        let hanging = try await fleet.hang(slow)
        let removal = try fleet.start(["image", "rm", "base"])
        for _ in 0..<100 {
          guard try await fleet.start(["up", "web", "--dry-run"]).end().code == 0 else { break }
        }
        let refused = try await fleet.qemuvm("create", "web", expecting: 1)
        let words = "it stands on the image 'base', which is being removed"
        #expect(refused.errors.contains(words), "\(refused)")
        try await hanging.release()
        #expect(try await removal.end().code == 0)
        #expect(!FileSystem.exists(content))
        #expect(try await fleet.names() == ["shop/slow"])
        try await fleet.qemuvm("down")
      }
    }

    @Test("What cannot be taken in is refused with its reason, and nothing of it stays")
    func refused() async throws {
      try await Fleet.run { fleet in
        try await Self.make("base.qcow2", in: fleet)
        try await Self.make("web.qcow2", in: fleet, on: "base.qcow2")
        for (file, words) in [
          ("web.qcow2", "stands on another image, 'base.qcow2'"), ("absent", "No such file or directory"),
          (".", "is no file"),
        ] {
          let outcome = try await fleet.qemuvm("image", "add", file, expecting: 1)
          #expect(outcome.errors.contains(words), "\(file): \(outcome.errors)")
        }
        #expect(try await fleet.json("image", "ls") == [])
        #expect(try FileSystem.names(in: fleet.state + "/images/content") == [])
      }
    }

    @Test("A full file system is told in the system's words", .enabled(if: getuid() == 0, "mounts one"))
    func fullDisk() async throws {
      try await Fleet.run { fleet in
        let content = fleet.state + "/images/content"
        try #require(try await fleet.mount(["-t", "tmpfs", "-o", "size=2m", "none"], on: content))
        let bytes = [UInt8](repeating: 7, count: 8 << 20)
        try FileSystem.replace(fleet.folder + "/big.img", with: bytes, durable: false)
        let outcome = try await fleet.qemuvm("image", "add", "big.img", expecting: 1)
        #expect(outcome.errors.contains("No space left on device"), "\(outcome.errors)")
        #expect(try FileSystem.names(in: content) == [])
        let small = [UInt8](repeating: 7, count: 1 << 20)
        try FileSystem.replace(fleet.folder + "/big.img", with: small, durable: false)
        try await fleet.qemuvm("image", "add", "big.img")
        try await fleet.qemuvm("supervisor", "stop")
      }
    }

    @Test("A job goes on without its command and keeps its supervisor, which then leaves")
    func clientGone() async throws {
      let gate = try Gate()
      try await Fleet.run(gate.variables(["QEMUVM_IDLE_SECONDS": "0"])) { fleet in
        try await Self.make("base.qcow2", in: fleet)
        let command = try fleet.start(["image", "add", "base.qcow2"])
        try await gate.arrival(in: fleet)
        let monitor = try await fleet.monitor()
        command.signal(SIGKILL)
        _ = try await command.end()
        let job = try await monitor.execute("query-jobs", ["id": "1"]).array?.first
        #expect(job?["status"] == "running" && job?["subject"] == "base")
        let supervisor = try fleet.supervisor()
        await monitor.close()
        // Whoever connects next finds the same supervisor, though no VM and no client kept it.
        let other = try await fleet.monitor()
        #expect(try await other.execute("query-supervisor")["pid"]?.int == supervisor.pid)
        try await gate.open()
        _ = try await other.event {
          $0["event"] == "JOB_STATUS_CHANGE" && $0["data"] == ["id": "1", "status": "concluded"]
        }
        #expect(try await other.execute("query-images").array?.first?["name"] == "base")
        await other.close()
        #expect(await offQueue { supervisor.process.wait(until: .now + ByteStream.patience) } != nil)
      }
    }

    @Test("A supervisor that is killed in the middle of a job leaves no half image, and the next one says so")
    func supervisorKilled() async throws {
      let gate = try Gate()
      try await Fleet.run(gate.variables()) { fleet in
        try await Self.make("base.qcow2", in: fleet)
        let command = try fleet.start(["image", "add", "base.qcow2"])
        try await gate.arrival(in: fleet)
        #expect(try Self.contents(fleet).allSatisfy(FileSystem.isTemporary))
        // The command has been told by then what job it is to follow; without that it could not say how it ended.
        #expect(try await fleet.json("jobs").array?.count == 1)
        await (try fleet.supervisor()).kill()
        try await gate.open()
        let outcome = try await command.end()
        #expect(outcome.code == 1)
        #expect(outcome.errors.contains("base.qcow2: the supervisor ended while it ran"), "\(outcome.errors)")
        let jobs = try #require(try await fleet.json("jobs").array)
        #expect(jobs.map { $0["status"] } == ["concluded"])
        #expect(try await fleet.json("image", "ls") == [])
        #expect(try Self.contents(fleet) == [])
        let again = try fleet.start(["image", "add", "base.qcow2", "--json"])
        try await gate.open()
        #expect(try await again.end().code == 0)
        #expect(try Self.contents(fleet).count == 1)
      }
    }

    @Test("A job that is cancelled leaves nothing")
    func cancelled() async throws {
      let gate = try Gate()
      try await Fleet.run(gate.variables()) { fleet in
        try await Self.make("base.qcow2", in: fleet)
        let command = try fleet.start(["image", "add", "base.qcow2"])
        try await gate.arrival(in: fleet)
        try await fleet.qemuvm("job", "cancel", "1")
        #expect(try await fleet.json("jobs").array?.first?["status"] == "aborting")
        try await gate.open()
        let outcome = try await command.end()
        #expect(outcome.code == 1 && outcome.errors.contains("base.qcow2: cancelled"), "\(outcome.errors)")
        #expect(try Self.contents(fleet) == [])
        #expect(try await fleet.qemuvm("jobs").output.contains("cancelled"))
      }
    }

    @Test("The jobs of a VM's QEMU are listed with the VM, and a QEMU that hangs holds up nobody")
    func jobsOfQEMU() async throws {
      try await Fleet.run { fleet in
        try fleet.write("{ lab: 'shop', vms: { web: { profile: 'hello' }, sick: { profile: 'hello' } } }")
        try await fleet.qemuvm("up")
        let options = "{driver: 'file', filename: '\(fleet.folder)/made.img', size: 1024}"
        try await fleet.qemuvm("qmp", "web", "blockdev-create", "{'job-id': 'made', options: \(options)}")
        let sick = try #require(try fleet.guests().first { $0.role == .guest("sick@shop") })
        sick.signal(SIGSTOP)
        let jobs = try #require(try await fleet.json("jobs").array)
        sick.signal(SIGCONT)
        #expect(jobs.count == 1)
        #expect(jobs[0]["id"] == "made" && jobs[0]["type"] == "create")
        #expect(jobs[0]["name"] == "web" && jobs[0]["lab"] == "shop")
        let monitor = try await fleet.monitor()
        #expect(try await monitor.execute("query-jobs", ["name": "web"]).array?.count == 1)
        #expect(try await monitor.execute("query-jobs", ["name": "sick"]) == [])
      }
    }

    private static func make(_ name: String, in fleet: Fleet, on base: String? = nil) async throws {
      let backing = base.map { ["-b", $0, "-F", "qcow2"] } ?? []
      let size = base == nil ? ["64M"] : []
      let path = fleet.folder + "/" + name
      let made = try await fleet.tool(
        "qemu-img", ["create", "-q", "-f", "qcow2", "-o", "preallocation=off"] + backing + [path] + size)
      try #require(made.code == 0, "\(made.errors)")
    }

    private static func contents(_ fleet: Fleet) throws -> [String] {
      try FileSystem.names(in: fleet.state + "/images/content")
    }
  }
}

/// A `sha256sum` that waits until a test lets it go on, so that a job is in its middle for as long as the test wants.
private final class Gate: Sendable {
  private let folder: String
  private var waits: String { folder + "/waits" }
  private var opens: String { folder + "/opens" }

  init() throws {
    var template = Array("/tmp/qemuvm-gate-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp") }
    folder = String(decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    guard mkfifo(folder + "/opens", 0o600) == 0 else { throw SystemError("mkfifo") }
    let script = """
      #!/bin/sh
      : >\(folder)/waits
      read line <\(folder)/opens
      exec /usr/bin/sha256sum
      """
    try FileSystem.replace(folder + "/sha256sum", with: Array(script.utf8), mode: 0o700, durable: false)
  }

  deinit {
    // What stays in /tmp harms no test.
    try? FileSystem.removeTree(folder)
  }

  func variables(_ others: [String: String] = [:]) -> [String: String] {
    others.merging(["PATH": folder + ":/usr/bin:/bin"]) { $1 }
  }

  /// Waits until a job stands before the gate.
  func arrival(in fleet: Fleet) async throws { try await fleet.arrival(of: waits) }

  /// Lets the one go on that stands there, or comes.
  func open() async throws {
    let opens = opens
    // It waits for whoever opens the other end.
    let result = await offQueue { () -> SystemError? in
      do throws(SystemError) {
        try FileDescriptor.open(opens, O_WRONLY, waits: true).write(Array("\n".utf8))
        return nil
      } catch {
        return error
      }
    }
    if let result { throw result }
  }
}
