import Testing

@testable import qemuvm

@Suite("Another host") struct FarHostTests {
  @Test(
    "Its address is read",
    arguments: [
      ("ssh://box", FarHost(name: "box")), ("ssh://box/", FarHost(name: "box")),
      ("ssh://me@box:2222", FarHost(user: "me", name: "box", port: 2222)),
      ("ssh://me@corp@box", FarHost(user: "me@corp", name: "box")),
      ("ssh://[fd00::1]:22", FarHost(name: "fd00::1", port: 22)),
      ("ssh://[fd00::1]", FarHost(name: "fd00::1")),
    ])
  func addresses(text: String, host: FarHost) throws {
    #expect(try FarHost(text) == host)
    #expect(try FarHost("\(host)") == host)
  }

  @Test(
    "What is none is refused, also what ssh would take for an option",
    arguments: [
      "box", "ssh://", "ssh://@box", "ssh://box:", "ssh://box:0", "ssh://box:65536", "ssh://box/run",
      "ssh://-oProxyCommand=x", "ssh://-l@box", "ssh://a b",
    ])
  func refusals(text: String) {
    #expect(throws: InvalidValue.self) { try FarHost(text) }
  }

  @Test("A command's words reach it over there as they are")
  func words() {
    let host = FarHost(user: "me", name: "box", port: 22)
    #expect(
      host.arguments(running: ["qemuvm", "ssh", "--", "web", "it's", "", "$HOME"], onTerminal: false)
        == [
          "-o", "ServerAliveInterval=15", "-e", "none", "-T", "-l", "me", "-p", "22", "--", "box",
          "qemuvm ssh -- web 'it'\\''s' '' '$HOME'",
        ])
  }

  @Test("A verb that runs over there has its options and words as they were given")
  func line() throws {
    let context = Context(environment: [])
    let lines: [([String], [String])] = [
      (
        ["logs", "--host", "ssh://box", "shop/web", "-n", "5", "-f"],
        ["qemuvm", "logs", "--tail=5", "--follow", "--", "shop/web"]
      ),
      (
        ["ssh", "--host=ssh://box", "shop/web", "--", "ls", "-l"],
        ["qemuvm", "ssh", "--", "shop/web", "ls", "-l"]
      ), (["doctor", "--json", "--host", "ssh://box"], ["qemuvm", "doctor", "--json"]),
      (["supervisor", "stop", "--host", "ssh://box"], ["qemuvm", "supervisor", "stop"]),
    ]
    for (line, words) in lines {
      guard case .runFar(_, let far) = try Invocation(line, verbs: VerbTable.verbs) else {
        Issue.record("runs here: \(line)")
        continue
      }
      #expect(try far.words(context) == words)
    }
  }

  @Test("What has nothing to do with another host takes none, and leaves the environment's alone")
  func here() throws {
    #expect(throws: UsageError.self) {
      try Invocation(["init", "--host", "ssh://box"], verbs: VerbTable.verbs)
    }
    guard case .run = try Invocation(["init"], verbs: VerbTable.verbs, host: "ssh://box") else {
      Issue.record("init runs elsewhere")
      return
    }
    guard case .runFar = try Invocation(["ls"], verbs: VerbTable.verbs, host: "ssh://box") else {
      Issue.record("ls runs here")
      return
    }
    guard case .run = try Invocation(["ls"], verbs: VerbTable.verbs, host: "") else {
      Issue.record("ls runs elsewhere")
      return
    }
  }
}
