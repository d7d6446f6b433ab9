import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Whose VM a name means") struct LabFiles {
    /// Every verb that takes a VM, on one that its own lab file has.
    private static let verbs = [
      "up", "up web", "create", "start web", "stop", "stop web", "restart web", "kill web", "pause web",
      "unpause web", "reset web", "update web --memory 16M", "down", "down web", "rm web", "status web",
      "logs web", "console web", "qmp web query-status", "args web", "why web", "events web", "stop db",
    ]

    @Test(
      "A name from another folder's lab file means no VM of this lab, for any verb; one written whole does")
    func otherFolder() async throws {
      try await Fleet.run { fleet in
        let (first, second) = (fleet.folder + "/a/shop", fleet.folder + "/b/shop")
        try fleet.write("{ vms: { web: { profile: 'hello' } } }", to: "a/shop/qemuvm.json5")
        try fleet.write(
          "{ vms: { web: { profile: 'hello' }, db: { profile: 'hello' } } }", to: "b/shop/qemuvm.json5")
        try await fleet.qemuvm("up", in: first)
        let before = try await fleet.status("shop/web")
        for verb in Self.verbs {
          let words = verb.split(separator: " ").map(String.init)
          let refused = try await fleet.qemuvm(words, expecting: 1, in: second).errors
          #expect(refused.contains("\(first)/qemuvm.json5"), "\(verb): \(refused)")
          #expect(refused.contains("not to \(second)/qemuvm.json5"), "\(verb): \(refused)")
        }
        let after = try await fleet.status("shop/web")
        for key in ["pid", "state", "desired", "memoryBytes", "startedAt", "file"] {
          #expect(before[key] == after[key], "\(key)")
        }
        // One file has one path, whatever leads to it.
        try FileSystem.link(fleet.folder + "/link", to: first)
        try await fleet.qemuvm("status", "web", "--file", fleet.folder + "/link/qemuvm.json5", in: second)
        try await fleet.qemuvm("down", "shop/web", in: second)
        try await fleet.qemuvm("create", in: second)
        try await fleet.qemuvm("rm", "web", "db", in: second)
      }
    }

    @Test("Of two files that claim one lab at once, one is refused")
    func claimedAtOnce() async throws {
      try await Fleet.run { fleet in
        try await fleet.qemuvm("ls")
        let monitor = try await fleet.monitor()
        for round in 0..<20 {
          // In one write, so that both are being answered at the same time.
          let requests = ["a", "b"].map { name -> JSONValue in
            [
              "execute": "create",
              "arguments": [
                "definition": ["name": .string(name), "lab": .string("lab\(round)"), "profile": "hello"],
                "directory": "/", "file": .string("/\(name)/qemuvm.json5"),
              ],
            ]
          }
          try await monitor.stream.write(requests.flatMap { $0.bytes() + [UInt8(ascii: "\n")] })
          var replies: [JSONValue] = []
          while replies.count < 2, let message = try await monitor.next() {
            if message["event"] == nil { replies.append(message) }
          }
          let refusals = replies.compactMap { $0["error"]?["desc"]?.string }
          #expect(refusals.count == 1, "\(replies)")
          #expect(refusals.allSatisfy { $0.contains("belongs to") })
        }
      }
    }

    @Test(
      "A command with another state folder is refused, and touches no VM of the fleet whose socket it meets")
    func otherState() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let guest = try fleet.guest()
        let other = fleet.root + "/other"
        let environment = fleet.environment.filter { !$0.hasPrefix("QEMUVM_STATE_DIR=") }
        for words in [["down", "web"], ["kill", "shop/web"], ["ls"], ["supervisor", "status"]] {
          let stray = try Program(
            Fleet.binary, words, environment: environment + ["QEMUVM_STATE_DIR=\(other)"],
            directory: fleet.folder)
          let outcome = try await stray.end()
          #expect(outcome.code == 5, "\(outcome)")
          #expect(outcome.errors.contains(other) && outcome.errors.contains(fleet.state), "\(outcome)")
        }
        #expect(!FileSystem.exists(other))
        #expect(try fleet.guest().pid == guest.pid)
        let shown = try await fleet.qemuvm("supervisor", "status").output
        #expect([fleet.state, fleet.runtime, fleet.configuration].allSatisfy(shown.contains), "\(shown)")
        // The same folder by another name is the same fleet.
        try FileSystem.link(fleet.root + "/alias", to: fleet.state)
        let alias = try Program(
          Fleet.binary, ["status", "web"],
          environment: environment + ["QEMUVM_STATE_DIR=\(fleet.root)/alias"], directory: fleet.folder)
        #expect(try await alias.end().code == 0)
      }
    }
  }
}
