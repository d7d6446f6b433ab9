import Host
import JSON
import Testing

extension EndToEnd {
  /// DESIGN.md 'Command line': the fields that scripts rely on.
  @Suite("Facts for programs") struct Facts {
    /// What a field of a running VM may hold.
    enum Kind: Sendable {
      case text
      case textOrNull
      case integer
      case number
      case file
      case socket
    }

    static let fields: [(String, Kind)] = [
      ("name", .text), ("lab", .textOrNull), ("state", .text), ("desired", .text), ("cause", .textOrNull),
      ("health", .text), ("pid", .integer), ("profile", .text), ("accelerator", .text), ("cpus", .integer),
      ("memoryBytes", .integer), ("restarts", .integer), ("startedAt", .text), ("uptimeSeconds", .number),
      ("qmpSocket", .socket), ("consoleSocket", .socket), ("consoleLog", .file), ("qemuLog", .file),
    ]

    @Test("ls --json has exactly the contract's fields, each of its type; status --json has them and more")
    func fieldsOfARunningVM() async throws {
      try await Fleet.run { fleet in
        try fleet.define("cpus: 2, memory: '24M', accelerator: 'tcg',")
        try await fleet.qemuvm("up")
        let listed = try #require(try await fleet.json("ls").array?.first?.object)
        let shown = try #require(try await fleet.status("web").object)
        #expect(Set(listed.keys) == Set(Self.fields.map(\.0)))
        for (key, kind) in Self.fields {
          for object in [listed, shown] { check(try #require(object[key], "\(key)"), key, kind) }
        }
        #expect(listed["lab"] == "shop")
        #expect(listed["health"] == "none")
        #expect(listed["accelerator"] == "tcg")
        #expect(listed["cpus"] == 2)
        #expect(listed["memoryBytes"] == .integer(24 << 20))
        #expect(try #require(listed["startedAt"]?.string).wholeMatch(of: Self.rfc3339) != nil)
        #expect(try #require(listed["uptimeSeconds"]?.double) >= 0)
        #expect(shown.keys.count > listed.keys.count)
      }
    }

    @Test("A stopped VM has null where there is nothing, and misses no field")
    func fieldsOfAStoppedVM() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("create", "web")
        let listed = try #require(try await fleet.json("ls").array?.first?.object)
        #expect(Set(listed.keys) == Set(Self.fields.map(\.0)))
        for key in ["pid", "startedAt", "uptimeSeconds"] { #expect(listed[key] == .null, "\(key)") }
        // When it stopped, also for a later supervisor.
        try await fleet.qemuvm("up")
        try await fleet.qemuvm("stop", "web")
        let card = try await fleet.qemuvm("status", "web").output
        #expect(card.contains("Since") && card.contains(" ago\n"), "\(card)")
      }
    }

    @Test("status shows use: CPU time, resident memory, uptime")
    func use() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let vm = try await fleet.status("web")
        #expect(try #require(vm["cpuSeconds"]?.double) > 0)
        #expect(try #require(vm["residentBytes"]?.int) > 1 << 20)
        #expect(try #require(vm["uuid"]?.string).count == 36)
        let card = try await fleet.qemuvm("status", "web").output
        for word in ["running", "hello", "CPU", "emory"] {
          #expect(card.contains(word), "\(word) in \(card)")
        }
      }
    }

    @Test("status names the accelerator that QEMU uses", arguments: ["auto", "tcg"])
    func accelerator(asked: String) async throws {
      try await Fleet.run { fleet in
        try fleet.define("accelerator: '\(asked)',")
        try await fleet.qemuvm("up")
        let answer = try await fleet.qemuvm("qmp", "web", "query-kvm").output
        let isKVM = try JSONValue(parsing: Array(answer.utf8))["enabled"]?.bool
        #expect(try await fleet.status("web")["accelerator"] == (isKVM == true ? "kvm" : "tcg"))
        #expect(asked == "auto" || isKVM == false)
      }
    }

    @Test("supervisor status --json has its four fields")
    func supervisor() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("create", "web")
        let status = try await fleet.json("supervisor", "status")
        #expect(status["pid"]?.int == (try fleet.supervisor().pid))
        #expect(try !#require(status["version"]?.string).isEmpty)
        #expect(try #require(status["startedAt"]?.string).wholeMatch(of: Self.rfc3339) != nil)
        #expect(status["vms"] == 1)
      }
    }

    private static var rfc3339: Regex<Substring> {
      /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/
    }

    private func check(_ value: JSONValue, _ key: String, _ kind: Kind) {
      let isRight =
        switch kind {
        case .text: value.string != nil
        case .textOrNull: value.string != nil || value.isNull
        case .integer: value.int != nil
        case .number: value.double != nil
        case .file, .socket: value.string.map { $0.hasPrefix("/") && FileSystem.exists($0) } ?? false
        }
      #expect(isRight, "\(key): \(value)")
    }
  }
}
