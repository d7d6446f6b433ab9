import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  /// Images that are downloaded, from a server of the tests' own.
  @Suite("Downloaded images") struct Pulls {
    @Test("An image is taken when it is what its checksum says, however often the connection breaks")
    func pulls() async throws {
      try await ImageServer.run { server, fleet in
        let sum = try await server.make("base.qcow2")
        let pulled = try await fleet.json("image", "pull", server.url("plain/base.qcow2"), "--sha256", sum)
        #expect(pulled["name"] == "base" && pulled["sha256"]?.string == sum && pulled["format"] == "qcow2")
        #expect(
          try await fleet.json("image", "ls").array?.first?["url"]?.string == server.url("plain/base.qcow2"))
        #expect(try server.requests() == ["/plain/base.qcow2 whole"])
        // What the store has comes from there, under whichever name.
        try await fleet.qemuvm("image", "pull", server.url("plain/base.qcow2"), "--sha256", sum)
        try await fleet.qemuvm(
          "image", "pull", server.url("moved/base.qcow2"), "--sha256", sum, "--name", "too")
        #expect(try server.requests().count == 1)
        try await fleet.qemuvm("image", "rm", "too")
        try await fleet.qemuvm("image", "rm", "base")
        // It goes on where it was cut off, and begins anew where a server cannot.
        for (mode, requests) in [("cut", 3...4), ("whole", 3...3), ("mute", 1...1), ("moved", 2...2)] {
          try server.forget()
          let said = try await fleet.qemuvm(
            "image", "pull", server.url("\(mode)/base.qcow2"), "--sha512",
            try await server.checksum("base.qcow2", 512))
          #expect(said.output.contains(sum), "\(mode)")
          let asked = try server.requests()
          #expect(requests.contains(asked.count), "\(mode): \(asked)")
          try await fleet.qemuvm("image", "rm", "base")
        }
        #expect(try server.contents() == [])
      }
    }

    @Test("What is wrong with a download is said with the way out, and nothing of it is left")
    func refusals() async throws {
      try await ImageServer.run { server, fleet in
        let sum = try await server.make("base.qcow2")
        func refused(_ words: [String], _ said: String..., code: Int32 = 1) async throws {
          let outcome = try await fleet.qemuvm(["image", "pull"] + words, expecting: code)
          for said in said { #expect(outcome.errors.contains(said), "\(words): \(outcome.errors)") }
        }
        let wrong = String(repeating: "0", count: 64)
        try await refused(
          [server.url("plain/base.qcow2"), "--sha256", wrong], "the SHA-256 of what came from", "not taken",
          sum)
        try await refused(
          [server.url("plain/gone.qcow2"), "--sha256", sum], "404", "which files the publisher has")
        try await refused([server.url("plain/base.qcow2")], "no checksum is given", code: 2)
        try await refused(
          [server.url("plain/base.qcow2"), "--checksums", server.secureURL("plain/SUMS")], "over http",
          code: 2)
        try await refused(
          [server.url("plain/base.qcow2"), "--sha256", "12"], "64 hexadecimal digits", code: 2)
        try await refused(["ftp://a/b", "--sha256", sum], "begins with https://", code: 2)
        try await refused(
          [server.secureURL("plain/base.qcow2"), "--checksums", server.secureURL("plain/gone")],
          "/plain/gone", "404")
        try fleet.write("\(sum)  other.qcow2\n", to: "served/SUMS")
        try await refused(
          [server.secureURL("plain/base.qcow2"), "--checksums", server.secureURL("plain/SUMS")],
          "has no checksum for 'base.qcow2'")
        try fleet.write("no image at all", to: "served/broken.qcow2.xz")
        try await refused(
          [
            server.url("plain/broken.qcow2.xz"), "--sha256",
            try await server.checksum("broken.qcow2.xz", 256),
          ],
          "'broken.qcow2.xz' cannot be unpacked")
        #expect(try await fleet.json("image", "ls") == [])
        #expect(try server.contents() == [])
        // An address may let somebody in: it is read by curl alone.
        let secret = "http://user:secret@127.0.0.1:1/base.qcow2?token=secret"
        try await refused([secret, "--sha256", sum], "127.0.0.1:1/base.qcow2 cannot be downloaded")
        #expect(try await !fleet.qemuvm("jobs").output.contains("secret"))
      }
    }

    @Test("A publisher's list is read in each of its forms, over https alone, and what is packed is unpacked")
    func lists() async throws {
      try await ImageServer.run { server, fleet in
        let sum = try await server.make("base.qcow2")
        _ = try await server.tool("xz", "-k", "base.qcow2")
        let packed = try await server.checksum("base.qcow2.xz", 512)
        let lists = [
          ("base.qcow2", "\(wrongHash)  other\n\(sum)  base.qcow2\n"),
          ("base.qcow2", "\(sum) *./base.qcow2\n"),
          (
            "base.qcow2",
            "-----BEGIN PGP SIGNED MESSAGE-----\n# base.qcow2: 7 bytes\nSHA256 (base.qcow2) = \(sum)\n"
          ),
          ("base.qcow2.xz", "SHA512 (base.qcow2.xz) = \(packed)\n"), ("base.qcow2.xz", packed + "\n"),
        ]
        for (name, list) in lists {
          try fleet.write(list, to: "served/SUMS")
          let address = [server.secureURL("plain/\(name)"), "--checksums", server.secureURL("plain/SUMS")]
          let image = try JSONValue(
            parsing: Array(try await fleet.qemuvm(["image", "pull"] + address + ["--json"]).output.utf8))
          #expect(image["sha256"]?.string == sum && image["name"] == "base", "\(list)")
          try await fleet.qemuvm("image", "rm", "base")
        }
        #expect(try server.contents() == [])
      }
      // Whom this host does not know, curl does not trust.
      try await ImageServer.run(isTrusted: false) { server, fleet in
        let sum = try await server.make("base.qcow2")
        let refused = try await fleet.qemuvm(
          "image", "pull", server.secureURL("plain/base.qcow2"), "--sha256", sum, expecting: 1
        ).errors
        #expect(refused.contains("certificate") && refused.contains("ca-certificates"), "\(refused)")
      }
    }

    @Test("VMs that wait for one image wait for one download, which outlives its supervisor, and then start")
    func waiting() async throws {
      try await ImageServer.run { server, fleet in
        let sum = try await server.make("base.qcow2")
        let image = "{ url: '\(server.url("gate/base.qcow2"))', sha256: '\(sum)' }"
        try fleet.write(
          """
          { lab: 'shop', vms: { one: { profile: 'hello', image: \(image) },
          two: { profile: 'hello', disks: [{ image: \(image), name: 'root' }] } } }
          """)
        try await fleet.qemuvm("validate")
        let up = try fleet.start(["up"])
        try await server.arrival()
        let partial = try #require(try server.contents().first { $0.hasPrefix("partial-") })
        let size = FileSystem.size(of: server.folder + "/base.qcow2")
        try await fleet.modification(of: server.content + "/" + partial) {
          FileSystem.size(of: server.content + "/" + partial) == size / 2
        }
        for vm in ["one", "two"] {
          let status = try await fleet.wait(for: vm, toBe: "waiting")
          let cause = try #require(status["cause"]?.string)
          #expect(cause.contains("is being downloaded from \(server.url("gate/base.qcow2"))"), "\(cause)")
        }
        let jobs = try #require(try await fleet.json("jobs").array)
        #expect(jobs.map { $0["type"] } == ["image-pull"])
        #expect(try server.requests().count == 1)
        await (try fleet.supervisor()).kill()
        _ = try await up.end()
        #expect(try server.contents() == [partial])
        // The next one goes on, and so do the VMs.
        _ = try await fleet.names()
        try await server.arrival()
        try await fleet.wait(for: "one", toBe: "waiting")
        try await server.open()
        for vm in ["one", "two"] { try await fleet.wait(for: vm, toBe: "running") }
        #expect(try server.requests() == ["/gate/base.qcow2 whole", "/gate/base.qcow2 bytes=\(size / 2)-"])
        #expect(try server.contents() == [sum])
        let disks = try #require(try await fleet.json("disk", "ls").array)
        #expect(disks.map { $0["base"]?.string } == [server.content + "/" + sum, server.content + "/" + sum])
        let used = try await fleet.qemuvm("image", "rm", "base", expecting: 1).errors
        #expect(used.contains("stands on it"), "\(used)")
        // Its disk is there: nothing is downloaded any more.
        try await fleet.qemuvm("down")
        try await fleet.qemuvm("up")
        #expect(try server.requests().count == 2)
      }
    }

    @Test("A VM that waits for an image ends at once, with its download; one whose download fails says so")
    func left() async throws {
      try await ImageServer.run { server, fleet in
        let sum = try await server.make("base.qcow2")
        for end in ["kill", "down"] {
          try fleet.define("image: { url: '\(server.url("gate/base.qcow2"))', sha256: '\(sum)' },")
          let up = try fleet.start(["up"])
          try await server.arrival()
          try await fleet.qemuvm(end, "web")
          #expect(try await up.end().code == 1)
          let monitor = try await fleet.monitor()
          while try await monitor.execute("query-jobs").array?.last?["status"] != "concluded" {
            _ = try await monitor.event { $0["event"] == "JOB_STATUS_CHANGE" }
          }
          #expect(try await monitor.execute("query-jobs").array?.last?["error"] == "cancelled")
          await monitor.close()
        }
        try fleet.define("image: { url: '\(server.url("plain/gone.qcow2"))', sha256: '\(sum)' },")
        let failed = try await fleet.qemuvm("up", expecting: 1).errors
        #expect(failed.contains("its image is not there: ") && failed.contains("404"), "\(failed)")
        #expect(try await fleet.status("web")["state"] == "failed")
        // Put right, it starts; what a person asks for goes on without the VM.
        try fleet.define("image: { url: '\(server.url("gate/base.qcow2"))', sha256: '\(sum)' },")
        let up = try fleet.start(["up"])
        try await server.arrival()
        let pull = try fleet.start(["image", "pull", server.url("gate/base.qcow2"), "--sha256", sum])
        try await fleet.wait(for: "web", toBe: "waiting")
        try await server.open()
        #expect(try await pull.end().code == 0)
        #expect(try await up.end().code == 0)
        try await fleet.qemuvm("down", "web")
      }
    }

    @Test("Without curl it is said which package has it; a full file system is told, and nothing stays on it")
    func lacks() async throws {
      var template = Array("/tmp/qemuvm-tools-XXXXXX".utf8CString)
      try #require(mkdtemp(&template) != nil)
      let tools = String(decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      defer { try? FileSystem.removeTree(tools) }
      let emulator = Fleet.variable("QEMUVM_QEMU") ?? "/usr/bin/qemu-system-x86_64"
      try FileSystem.link(tools + "/qemu-system-x86_64", to: emulator)
      try await Fleet.run(["PATH": tools, "QEMUVM_QEMU": tools + "/qemu-system-x86_64"]) { fleet in
        let address = ["https://127.0.0.1:1/a.qcow2", wrongHash]
        let pull = try await fleet.qemuvm("image", "pull", address[0], "--sha256", address[1], expecting: 1)
          .errors
        try fleet.define("image: { url: '\(address[0])', sha256: '\(address[1])' },")
        let up = try await fleet.qemuvm("up", expecting: 1).errors
        for words in [pull, up] {
          #expect(words.contains("'curl' is not found in PATH") && words.contains("package curl"), "\(words)")
        }
        #expect(try await fleet.names() == [])
      }
      guard getuid() == 0 else { return }
      try await ImageServer.run { server, fleet in
        try FileSystem.replace(
          server.folder + "/big.img", with: [UInt8](repeating: 7, count: 4 << 20), durable: false)
        let sum = try await server.checksum("big.img", 256)
        try #require(try await fleet.mount(["-t", "tmpfs", "-o", "size=2m", "none"], on: server.content))
        for (mode, words) in [("plain", "it takes 4M, and"), ("mute", "No space left on device")] {
          let refused = try await fleet.qemuvm(
            "image", "pull", server.url("\(mode)/big.img"), "--sha256", sum, expecting: 1
          ).errors
          #expect(refused.contains(words), "\(refused)")
          #expect(try server.contents() == [])
        }
        try await fleet.qemuvm("supervisor", "stop")
      }
    }
  }
}

private let wrongHash = String(repeating: "0", count: 64)

/// The server of `Guests/image-server.py`, and the images that it serves to one fleet.
private struct ImageServer {
  private let fleet: Fleet
  private let server: Program
  private let ports: (plain: Int, secure: Int)

  /// What it serves.
  var folder: String { fleet.folder + "/served" }

  /// Where the fleet's store has its contents.
  var content: String { fleet.state + "/images/content" }

  /// Runs a test with a server whose certificate the fleet trusts, or does not.
  static func run(isTrusted: Bool = true, _ test: (ImageServer, Fleet) async throws -> Void) async throws {
    var template = Array("/tmp/qemuvm-cert-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    let place = String(decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    defer { try? FileSystem.removeTree(place) }
    let certificate = place + "/server.pem"
    let made = try await Program(
      "/usr/bin/openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", "/CN=qemuvm", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", certificate,
        "-out", certificate + ".part",
      ], environment: ["PATH=/usr/bin:/bin"]
    ).end()
    try #require(made.code == 0, "\(made)")
    let bytes = try FileSystem.read(certificate) + FileSystem.read(certificate + ".part")
    try FileSystem.replace(certificate, with: bytes, durable: false)
    try await Fleet.run { fleet in
      if isTrusted {
        let options = Array("cacert = \"\(certificate)\"\n".utf8)
        try FileSystem.makeDirectory(fleet.configuration)
        try FileSystem.replace(fleet.configuration + "/curlrc", with: options, durable: false)
      }
      let server = try await ImageServer(fleet, certificate)
      do {
        try await test(server, fleet)
        _ = try await server.server.end()
      } catch {
        server.server.signal(SIGKILL)
        _ = try? await server.server.end()
        throw error
      }
    }
  }

  private init(_ fleet: Fleet, _ certificate: String) async throws {
    self.fleet = fleet
    let folder = fleet.folder + "/served"
    try FileSystem.makeDirectory(folder)
    let script = FileSystem.parent(of: FileSystem.parent(of: #filePath)) + "/Guests/image-server.py"
    server = try Program(
      "/usr/bin/python3", [script, folder, certificate], environment: ["PATH=/usr/bin:/bin"])
    let words = try await server.read(until: " end\n").split(separator: " ")
    ports = (try #require(words.count > 2 ? Int(words[1]) : nil), try #require(Int(words[2])))
  }

  func url(_ path: String) -> String { "http://127.0.0.1:\(ports.plain)/\(path)" }
  func secureURL(_ path: String) -> String { "https://127.0.0.1:\(ports.secure)/\(path)" }

  @discardableResult
  func tool(_ words: String...) async throws -> String {
    let outcome = try await fleet.tool("env", ["--chdir=\(folder)"] + words)
    try #require(outcome.code == 0, "\(outcome)")
    return outcome.output
  }

  /// Makes an image that is served, and gives its SHA-256.
  func make(_ name: String) async throws -> String {
    try await tool("qemu-img", "create", "-q", "-f", "qcow2", name, "64M")
    try await tool("qemu-io", "-c", "write -P 7 0 256k", name)
    return try await checksum(name, 256)
  }

  func checksum(_ name: String, _ bits: Int) async throws -> String {
    String(try await tool("sha\(bits)sum", name).prefix { $0 != " " })
  }

  /// What was asked of it, a line a request.
  func requests() throws -> [String] {
    let bytes = try FileSystem.readIfPresent(folder + "/requests") ?? []
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  func forget() throws { try FileSystem.remove(folder + "/requests") }

  /// What the fleet's store has, half or whole.
  func contents() throws -> [String] {
    FileSystem.isPresent(content) ? try FileSystem.names(in: content) : []
  }

  /// Waits until a download stands before the gate.
  func arrival() async throws { _ = try await server.read(until: "waiting\n") }

  /// Lets all go on that stand there, or come.
  func open() async throws { try await server.input.write("open\n") }
}
