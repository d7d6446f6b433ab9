import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  /// Disks that qemuvm makes: overlays on images, blank ones, copies, and those of one run.
  @Suite("Disks of a VM's own") struct OwnDisks {
    private static func tool(_ fleet: Fleet, _ name: String, _ arguments: String...) async throws -> String {
      let outcome = try await fleet.tool("env", ["--chdir=\(fleet.folder)", name] + arguments)
      try #require(outcome.code == 0, "\(outcome)")
      return outcome.output
    }

    /// An image beside the lab file whose first MiB has one byte over and over.
    private static func base(_ fleet: Fleet, _ name: String = "base.qcow2") async throws {
      _ = try await tool(fleet, "qemu-img", "create", "-q", "-f", "qcow2", name, "64M")
      try await write(7, to: name, fleet)
    }

    private static func write(_ byte: Int, to file: String, _ fleet: Fleet) async throws {
      _ = try await tool(fleet, "qemu-io", "-c", "write -P \(byte) 0 1M", file)
    }

    /// Whether the first MiB has that byte over and over; also of a disk that a guest has.
    private static func has(_ byte: Int, _ file: String, _ fleet: Fleet) async throws -> Bool {
      let said = try await tool(fleet, "qemu-io", "-r", "-U", "-c", "read -P \(byte) 0 1M", file)
      return !said.contains("failed")
    }

    private static func checksum(_ fleet: Fleet, _ file: String = "base.qcow2") async throws -> String {
      try await tool(fleet, "sha256sum", file)
    }

    private static func file(_ disk: String, _ fleet: Fleet, of vm: String = "web@shop") -> String {
      "\(fleet.state)/disks/\(vm)/disk-\(disk).qcow2"
    }

    /// What QEMU has behind each disk of the VM.
    private static func opened(_ fleet: Fleet, _ vm: String = "web") async throws -> [String: String] {
      let reply = try await fleet.qemuvm("qmp", vm, "query-named-block-nodes").output
      let nodes = try JSONValue(parsing: Array(reply.utf8)).array ?? []
      let pairs = nodes.compactMap { node -> (String, String)? in
        guard let name = node["node-name"]?.string, name.hasPrefix("disk-"), let file = node["file"]?.string
        else {
          return nil
        }
        return (String(name.dropFirst(5)), file)
      }
      return Dictionary(uniqueKeysWithValues: pairs)
    }

    private static func uses(_ fleet: Fleet) async throws -> [String: String] {
      let disks = try #require(try await fleet.json("disk", "ls").array)
      return Dictionary(
        uniqueKeysWithValues: disks.map { ($0["disk"]?.string ?? "", $0["use"]?.string ?? "") })
    }

    @Test("Each disk keeps its data over down and up and every edit of the list, and only --disks deletes")
    func keepsItsData() async throws {
      try await Fleet.run { fleet in
        try await Self.base(fleet)
        let before = try await Self.checksum(fleet)
        try fleet.define(
          "image: './base.qcow2', disks: [{ name: 'a', size: '64M' }, { name: 'b', size: '64M' }],")
        try await fleet.qemuvm("up")
        #expect(try await Self.uses(fleet) == ["base": "running", "a": "running", "b": "running"])
        #expect(try await Self.has(7, Self.file("base", fleet), fleet))
        try await fleet.qemuvm("down", "web")
        #expect(try await Self.uses(fleet) == ["base": "none", "a": "none", "b": "none"])
        for (disk, byte) in [("base", 1), ("a", 2), ("b", 3)] {
          try await Self.write(byte, to: Self.file(disk, fleet), fleet)
        }
        for list in [
          "{ name: 'b', size: '64M' }, { name: 'a', size: '64M' }",
          "{ name: 'new', size: '64M' }, { name: 'b', size: '64M' }, { image: './base.qcow2', name: 'two' }",
          "{ name: 'a', size: '64M' }, { name: 'b', size: '64M' }",
        ] {
          try fleet.define("image: './base.qcow2', disks: [\(list)],")
          try await fleet.qemuvm("up")
          let opened = try await Self.opened(fleet)
          for (disk, byte) in [("base", 1), ("a", 2), ("b", 3), ("two", 7)] {
            guard let file = opened[disk] else { continue }
            #expect(file == Self.file(disk, fleet))
            #expect(try await Self.has(byte, file, fleet), "\(disk) of \(list)")
          }
          try await fleet.qemuvm("down", "web")
        }
        #expect(try await Self.checksum(fleet) == before)
        try await fleet.qemuvm("create")
        #expect(try await Self.uses(fleet)["two"] == "none")
        let defined = try await fleet.qemuvm("disk", "rm", "web", "a", expecting: 1).errors
        #expect(defined.contains("cannot remove the disk 'a': it is in its definition"), "\(defined)")
        try await fleet.qemuvm("disk", "rm", "web", "two", "new")
        let absent = try await fleet.qemuvm("disk", "rm", "web", "two", expecting: 1).errors
        #expect(absent.contains("there is no disk 'two'"), "\(absent)")
        #expect(try await Self.uses(fleet) == ["base": "defined", "a": "defined", "b": "defined"])
        try await fleet.qemuvm("up")
        try await fleet.qemuvm("down", "--disks", "web")
        #expect(try await Self.uses(fleet) == [:])
        #expect(!FileSystem.exists(fleet.state + "/disks/web@shop"))
      }
    }

    @Test("What a plain down has left goes by a later --disks, in and outside a lab, of down and of rm")
    func disksBehindDown() async throws {
      try await Fleet.run { fleet in
        try fleet.define("disks: [{ name: 'a', size: '64M' }],")
        func left() throws -> [String] { try FileSystem.names(in: fleet.state + "/disks").sorted() }
        for words in [["down", "--disks"], ["down", "--disks", "web"], ["rm", "--disks", "shop/web"]] {
          try await fleet.qemuvm("up")
          try await fleet.qemuvm("down")
          #expect(try left() == ["web@shop"])
          let said = try await fleet.qemuvm(words).errors
          #expect(said.contains("shop/web: removed"), "\(words): \(said)")
          #expect(try left() == [], "\(words)")
        }
        // Of a whole lab file there may be nothing left; of a VM that is named there must be something.
        #expect(try await fleet.qemuvm("down", "--disks").errors.contains("is not there"))
        try await fleet.qemuvm("down", "--disks", "web", expecting: 3)
        let alone = ["up", "--profile", "hello", "--name", "b", "--disk", "name=data,size=64M"]
        for verb in ["down", "rm"] {
          try await fleet.qemuvm(alone)
          try await fleet.qemuvm("down", "b")
          #expect(try left() == ["b"])
          try await fleet.qemuvm(verb, "--disks", "b")
          #expect(try left() == [], "\(verb)")
          try await fleet.qemuvm(verb, "--disks", "b", expecting: 3)
        }
        // One that another VM stands on stays, and the one is named.
        try await fleet.qemuvm(alone)
        try await fleet.qemuvm("down", "b")
        let data = Self.file("data", fleet, of: "b")
        try await fleet.qemuvm(
          "up", "--profile", "hello", "--name", "c", "--disk", "image=\(data),name=on")
        let refused = try await fleet.qemuvm("down", "--disks", "b", expecting: 1).errors
        #expect(refused.contains("c ('") && refused.contains("stands on it"), "\(refused)")
        #expect(FileSystem.exists(data))
      }
    }

    @Test("A disk of its own that is gone, and an image that changed below one, are told and never replaced")
    func lostDisks() async throws {
      try await Fleet.run { fleet in
        try await Self.base(fleet)
        let keys = "image: './base.qcow2', disks: [{ name: 'data', size: '64M' }],"
        try fleet.define(keys)
        try await fleet.qemuvm("up")
        let (file, saved) = (Self.file("data", fleet), fleet.folder + "/saved.qcow2")
        // Of a VM that has crashed, by a supervisor that has not made it.
        try FileSystem.move(file, to: saved)
        await (try fleet.supervisor()).kill()
        await (try fleet.guest()).kill()
        _ = try await fleet.names()
        let crashed = try await fleet.wait(for: "web") { $0["cause"]?.string?.contains(file) == true }
        #expect(crashed["pid"] == .null)
        try await fleet.qemuvm("down", "web")
        for verb in [["up"], ["up", "--dry-run"], ["create"]] {
          let refused = try await fleet.qemuvm(verb, expecting: 1).errors
          #expect(refused.contains("the VM's own disk \(file) is gone"), "\(verb): \(refused)")
          #expect(refused.contains("'qemuvm disk rm shop/web data'"), "\(refused)")
        }
        #expect(!FileSystem.exists(file))
        #expect(try await fleet.qemuvm("disk", "ls").output.contains("is gone"))
        // Out by its return, or by a new one.
        try FileSystem.move(saved, to: file)
        try await fleet.qemuvm("up")
        try await fleet.qemuvm("down", "web")
        try FileSystem.remove(file)
        try await fleet.qemuvm("disk", "rm", "web", "data")
        try await fleet.qemuvm("disk", "rm", "web", "data", expecting: 1)
        try await fleet.qemuvm("up")
        #expect(FileSystem.exists(file))
        try await fleet.qemuvm("down", "web")
        // The image, written to behind qemuvm's back; with the time that it had it passes for what it was.
        try await Self.write(9, to: "base.qcow2", fleet)
        let refused = try await fleet.qemuvm("up", expecting: 1).errors
        #expect(
          refused.contains("base.qcow2 was changed after the VM's own disk \(Self.file("base", fleet))"),
          "\(refused)")
        let advised = try #require(refused.split(separator: "'").first { $0.hasPrefix("touch -d ") })
        _ = try await Self.tool(fleet, "sh", "-c", String(advised))
        try await fleet.qemuvm("up")
        try await fleet.qemuvm("down", "web")
        // The whole folder, as when the storage that it lies on is not there.
        try FileSystem.move(fleet.state + "/disks", to: fleet.state + "/elsewhere")
        #expect(try await fleet.qemuvm("up", expecting: 1).errors.contains("is gone"))
        #expect(try fleet.guests().isEmpty)
        // What was given up with all the rest is no loss.
        try await fleet.qemuvm("down", "--disks", "web")
        try await fleet.qemuvm("up")
      }
    }

    @Test("Two VMs stand on one image of the store, which stays as long as a disk of either is left")
    func sharedImage() async throws {
      try await Fleet.run { fleet in
        try await Self.base(fleet)
        let content = try #require(try await fleet.json("image", "add", "base.qcow2")["file"]?.string)
        let before = try await Self.checksum(fleet, content)
        try fleet.write(
          """
          { lab: 'shop', vms: { one: { profile: 'hello', image: 'base' }, two: { profile: 'hello', image: 'base',
          disks: [{ image: 'base', name: 'copy', clone: true, size: '128M' }] } } }
          """)
        try await fleet.qemuvm("create")
        let defined = try await fleet.qemuvm("image", "rm", "base", expecting: 1).errors
        #expect(defined.contains("shop/") && defined.contains("stands on it"), "\(defined)")
        try await fleet.qemuvm("up")
        #expect(try fleet.guests().count == 2)
        let disks = try #require(try await fleet.json("disk", "ls").array)
        #expect(disks.map { $0["image"]?.string } == ["base", "base", nil])
        #expect(disks.map { $0["sizeBytes"]?.int } == [64 << 20, 64 << 20, 128 << 20])
        #expect(try await Self.has(7, Self.file("copy", fleet, of: "two@shop"), fleet))
        try await fleet.qemuvm("down")
        for vm in ["one", "two"] {
          let left = try await fleet.qemuvm("image", "rm", "base", expecting: 1).errors
          #expect(left.contains("what 'down' has left of \(vm)@shop"), "\(left)")
          try await fleet.qemuvm("disk", "rm", vm, "--all")
        }
        #expect(try await Self.checksum(fleet, content) == before)
        try await fleet.qemuvm("image", "rm", "base")
        let gone = try await fleet.qemuvm("up", expecting: 1).errors
        #expect(gone.contains("the image store has no 'base'"), "\(gone)")
      }
    }

    @Test("A disk grows by the definition at its next start; to shrink it is refused before anything starts")
    func sizes() async throws {
      try await Fleet.run { fleet in
        try await Self.base(fleet)
        try fleet.define("image: './base.qcow2',")
        try await fleet.qemuvm("up")
        try fleet.define("image: './base.qcow2', imageSize: '96M',")
        let up = try await fleet.qemuvm("up").errors
        #expect(up.contains("size: none -> 96M"), "\(up)")
        func size() async throws -> Int? {
          try await fleet.json("disk", "ls").array?.first?["sizeBytes"]?.int
        }
        #expect(try await size() == 64 << 20)
        try await fleet.qemuvm("stop", "web")
        try await fleet.qemuvm("up")
        #expect(try await size() == 96 << 20)
        #expect(try await Self.has(7, Self.file("base", fleet), fleet))
        try await fleet.qemuvm("down", "web")
        try fleet.define("image: './base.qcow2',\nimageSize: '80M',")
        for verb in [["validate"], ["up", "--dry-run"], ["up"]] {
          let refused = try await fleet.qemuvm(verb, expecting: 2).errors
          #expect(
            refused.contains("qemuvm.json5:2:12: ")
              && refused.contains("the disk has 96M, and never shrinks to 80M"),
            "\(verb): \(refused)")
        }
        #expect(try fleet.guests().isEmpty)
      }
    }

    @Test("What is wrong with an image is said by validate, --dry-run and up, with the way out")
    func refusals() async throws {
      try await Fleet.run { fleet in
        try await Self.base(fleet)
        _ = try await Self.tool(fleet, "cp", "base.qcow2", "old.qcow2")
        _ = try await Self.tool(
          fleet, "qemu-img", "create", "-q", "-f", "qcow2", "-b", "old.qcow2", "-F", "qcow2", "on-old.qcow2")
        func refused(_ keys: String, _ words: String) async throws {
          try fleet.define("\n\(keys)")
          for verb in [["validate"], ["up", "--dry-run"], ["up"]] {
            let outcome = try await fleet.start(verb).end()
            #expect(
              outcome.code != 0 && outcome.errors.contains("qemuvm.json5:2:"), "\(verb): \(outcome.errors)")
            #expect(outcome.errors.contains(words), "\(verb): \(outcome.errors)")
          }
        }
        try await refused("image: './gone.qcow2',", "gone.qcow2")
        try await refused("image: 'gone',", "the image store has no 'gone'")
        try await refused("disks: [{ image: './' }],", "is a folder, not a disk image")
        // A chain that is fine, until what it stands on is another thing, or nothing.
        try fleet.write("no image", to: "old.qcow2")
        try await refused("image: './on-old.qcow2',", "old.qcow2' is no qcow2 image, as")
        try FileSystem.remove(fleet.folder + "/old.qcow2")
        try await refused("image: './on-old.qcow2',", "old.qcow2': No such file or directory")
        // The same of a disk that is there already.
        try fleet.define("image: './base.qcow2',")
        try await fleet.qemuvm("up")
        try await fleet.qemuvm("down", "web")
        try FileSystem.move(fleet.folder + "/base.qcow2", to: fleet.folder + "/moved.qcow2")
        try await refused("image: './base.qcow2',", "disk-base.qcow2 cannot be used: its backing file")
        try FileSystem.move(fleet.folder + "/moved.qcow2", to: fleet.folder + "/base.qcow2")
        try await Self.base(fleet, "moved.qcow2")
        try await refused(
          "disks: [{ name: 'base', image: './moved.qcow2' }],",
          "stands on '\(fleet.folder)/base.qcow2', not on")
        #expect(try fleet.guests().isEmpty)
        try fleet.define("image: './base.qcow2',")
        try await fleet.qemuvm("up")
        // Whoever writes to what it stands on is refused, and named.
        let writer = ["up", "--profile", "hello", "--name", "w", "--disk", "base.qcow2"]
        let words = try await fleet.qemuvm(writer, expecting: 1).errors
        #expect(words.contains("of the VM shop/web") && words.contains("stands on it"), "\(words)")
      }
    }

    @Test("Without qemu-img it is said which package has it; a VM whose disks are there starts all the same")
    func noTool() async throws {
      var template = Array("/tmp/qemuvm-tools-XXXXXX".utf8CString)
      try #require(mkdtemp(&template) != nil)
      let tools = String(decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      defer { try? FileSystem.removeTree(tools) }
      let emulator = Fleet.variable("QEMUVM_QEMU") ?? "/usr/bin/qemu-system-x86_64"
      try FileSystem.link(tools + "/qemu-system-x86_64", to: emulator)
      try await Fleet.run(["PATH": tools, "QEMUVM_QEMU": tools + "/qemu-system-x86_64"]) { fleet in
        try fleet.define("disks: [{ name: 'data', size: '1G' }],")
        let refused = try await fleet.qemuvm("up", expecting: 1).errors
        #expect(
          refused.contains("'qemu-img' is not found in PATH") && refused.contains("qemu-utils"), "\(refused)")
        #expect(try await fleet.names() == [])
        try FileSystem.makeDirectory(fleet.state + "/disks/web@shop")
        _ = try await Self.tool(
          fleet, "qemu-img", "create", "-q", "-f", "qcow2", Self.file("data", fleet), "1G")
        try await fleet.qemuvm("up")
      }
    }

    @Test("A full file system is told before the start", .enabled(if: getuid() == 0, "mounts one"))
    func fullDisk() async throws {
      try await Fleet.run { fleet in
        try await Self.base(fleet)
        _ = try await Self.tool(fleet, "qemu-io", "-c", "write -P 8 0 8M", "base.qcow2")
        let folder = fleet.state + "/disks/web@shop"
        try #require(try await fleet.mount(["-t", "tmpfs", "-o", "size=4m", "none"], on: folder))
        try fleet.define("disks: [{ image: './base.qcow2', clone: true }],")
        let refused = try await fleet.qemuvm("up", expecting: 1).errors
        #expect(
          refused.contains("disks[0]: its disk cannot be made: it takes")
            && refused.contains("df -h \(folder)"),
          "\(refused)")
        #expect(try FileSystem.names(in: folder) == [])
        try fleet.define("disks: [{ image: './base.qcow2' }],")
        try await fleet.qemuvm("up")
        try await fleet.qemuvm("kill", "web")
        try await fleet.qemuvm("rm", "web")
        try await fleet.qemuvm("supervisor", "stop")
      }
    }

    @Test("What is not persistent is as new at each run, on an image, on a file and on a disk of its own")
    func thrownAway() async throws {
      try await Fleet.run { fleet in
        try await Self.base(fleet)
        try await Self.base(fleet, "plain.qcow2")
        let before = try await (Self.checksum(fleet), Self.checksum(fleet, "plain.qcow2"))
        try fleet.define("disks: [{ name: 'own', size: '64M' }],")
        try await fleet.qemuvm("up")
        try await fleet.qemuvm("down", "web")
        try await Self.write(5, to: Self.file("own", fleet), fleet)
        try fleet.define(
          """
          disks: [{ image: './base.qcow2', persistent: false }, { file: 'plain.qcow2', name: 'plain', persistent: false },
          { name: 'own', size: '64M', persistent: false }], restart: { delay: '0s' },
          """)
        try await fleet.qemuvm("up")
        let opened = try await Self.opened(fleet)
        #expect(opened.keys.sorted() == ["base", "own", "plain"])
        for (disk, byte) in [("base", 7), ("plain", 7), ("own", 5)] {
          #expect(try await Self.has(byte, try #require(opened[disk]), fleet), "\(disk)")
        }
        // What a guest would have written.
        let overlay = try #require(opened["base"])
        let inode = try FileSystem.identity(of: overlay)
        await (try fleet.guest()).kill()
        _ = try await fleet.wait(for: "web") { $0["restarts"]?.int == 1 && $0["state"] == "running" }
        #expect(try FileSystem.identity(of: overlay) != inode)
        #expect(try await Self.has(7, overlay, fleet))
        try await fleet.qemuvm("stop", "web")
        #expect(
          try FileSystem.names(in: fleet.state + "/vms/web@shop").allSatisfy { !$0.hasSuffix(".qcow2") })
        #expect(try await Self.has(5, Self.file("own", fleet), fleet))
        #expect(try await (Self.checksum(fleet), Self.checksum(fleet, "plain.qcow2")) == before)
      }
    }

    @Test(
      "A supervisor that is killed while it makes a disk leaves none under its name, and the next one makes it"
    )
    func killedMeanwhile() async throws {
      let gate = try ToolGate()
      try await Fleet.run(gate.variables) { fleet in
        try fleet.define("disks: [{ name: 'data', size: '1G' }],")
        let up = try fleet.start(["up"])
        try await fleet.arrival(of: gate.waits)
        let folder = fleet.state + "/disks/web@shop"
        #expect(
          try FileSystem.names(in: folder).filter { $0.hasPrefix("disk-") }.allSatisfy(FileSystem.isTemporary)
        )
        await (try fleet.supervisor()).kill()
        try gate.remove()
        _ = try await up.end()
        // The wish is on disk: whoever asks next starts a supervisor, which starts the VM.
        _ = try await fleet.json("ls")
        try await fleet.wait(for: "web", toBe: "running")
        #expect(try FileSystem.names(in: folder).filter { $0.hasPrefix("disk-") } == ["disk-data.qcow2"])
        try await gate.release()
      }
    }

    @Test(
      "A VM whose disk is being made is stopped at once, and nothing half made is left",
      arguments: ["kill", "down"])
    func calledOff(verb: String) async throws {
      let gate = try ToolGate()
      try await Fleet.run(gate.variables) { fleet in
        try fleet.define("disks: [{ name: 'data', size: '1G' }],")
        let up = try fleet.start(["up"])
        try await fleet.arrival(of: gate.waits)
        try await fleet.qemuvm(verb, "web")
        #expect(try await up.end().code == 1)
        let folder = fleet.state + "/disks/web@shop"
        if verb == "kill" {
          #expect(try await fleet.status("web")["state"] == "stopped")
          try await fleet.qemuvm("rm", "web")
        }
        #expect(try FileSystem.names(in: folder).filter { $0.hasPrefix("disk-") } == [])
        try await gate.release()
      }
    }

    @Test(
      "A copy is a job that its VM waits for; it is called off at once, and made after a supervisor's death")
    func copies() async throws {
      let gate = try ToolGate()
      try await Fleet.run(gate.variables) { fleet in
        try await Self.base(fleet)
        try fleet.define("disks: [{ image: './base.qcow2', name: 'copy', clone: true }],")
        let up = try fleet.start(["up"])
        try await fleet.arrival(of: gate.waits)
        let status = try await fleet.wait(for: "web", toBe: "waiting")
        let cause = try #require(status["cause"]?.string)
        #expect(cause.contains("its image \(fleet.folder)/base.qcow2 is being copied"), "\(cause)")
        let job = try #require(try await fleet.json("jobs").array?.first)
        #expect(job["type"] == "disk-copy" && job["name"] == "web" && job["subject"] == "copy")
        #expect(job["status"] == "running")
        try await fleet.qemuvm("kill", "web")
        #expect(try await up.end().code == 1)
        let file = Self.file("copy", fleet)
        let monitor = try await fleet.monitor()
        while try await monitor.execute("query-jobs").array?.first?["status"] != "concluded" {
          _ = try await monitor.event { $0["event"] == "JOB_STATUS_CHANGE" }
        }
        await monitor.close()
        let folder = FileSystem.parent(of: file)
        #expect(try FileSystem.names(in: folder).allSatisfy { !$0.hasPrefix("disk-") })
        // The next supervisor goes on with the wish, and begins the copy again.
        try FileSystem.remove(gate.waits)
        let again = try fleet.start(["up"])
        try await fleet.arrival(of: gate.waits)
        try await fleet.wait(for: "web", toBe: "waiting")
        await (try fleet.supervisor()).kill()
        _ = try await again.end()
        #expect(!FileSystem.exists(file))
        try gate.remove()
        _ = try await fleet.names()
        try await fleet.wait(for: "web", toBe: "running")
        try await gate.release()
        #expect(try await Self.has(7, file, fleet))
      }
    }
  }
}

/// A `qemu-img` that has made its image and waits before it says so, until a test lets it go on.
private final class ToolGate: Sendable {
  private let folder: String
  var waits: String { folder + "/waits" }
  private var opens: String { folder + "/opens" }

  init() throws {
    var template = Array("/tmp/qemuvm-gate-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp") }
    folder = String(decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    guard mkfifo(opens, 0o600) == 0 else { throw SystemError("mkfifo") }
    let script = """
      #!/bin/sh
      /usr/bin/qemu-img "$@" || exit 1
      : >\(waits)
      read line <\(opens)
      """
    try FileSystem.replace(folder + "/qemu-img", with: Array(script.utf8), mode: 0o700, durable: false)
  }

  deinit {
    // What stays in /tmp harms no test.
    try? FileSystem.removeTree(folder)
  }

  var variables: [String: String] { ["PATH": folder + ":/usr/bin:/bin"] }

  /// Lets the host's own be found from here on.
  func remove() throws { try FileSystem.remove(folder + "/qemu-img") }

  /// Ends whoever waits still.
  func release() async throws {
    // Nobody may wait: then there is nobody to let go.
    _ = try? FileDescriptor.open(opens, O_WRONLY)
  }
}
