import Testing

@testable import qemuvm

@Suite("What a command line asks for") struct InvocationTests {
  @Test(
    "A verb is found, one word or two",
    arguments: [
      (["ls"], "ls"), (["supervisor", "status", "--json"], "supervisor status"), (["rm", "web"], "rm"),
      (["qmp", "web", "query-status", "{}"], "qmp"),
    ])
  func verbs(line: [String], name: String) throws {
    guard case .run(let verb) = try Invocation(line, verbs: VerbTable.verbs) else {
      Issue.record("no verb is run")
      return
    }
    #expect(type(of: verb).name == name)
  }

  @Test(
    "Help is found in every way",
    arguments: [
      (["--help"], nil), (["help"], nil), (["up", "--help"], "up"), (["help", "up"], "up"),
      (["up", "-h"], "up"),
      (["supervisor", "run", "--help"], "supervisor run"), (["help", "supervisor", "run"], "supervisor run"),
    ] as [([String], String?)])
  func help(line: [String], name: String?) throws {
    guard case .help(let verb) = try Invocation(line, verbs: VerbTable.verbs) else {
      Issue.record("no help is shown")
      return
    }
    #expect(verb?.name == name)
  }

  @Test(
    "An unknown name is answered with the nearest",
    arguments: [
      ([], .noVerb),
      (["strat"], .unknownVerb("strat", nearest: "start")),
      (["frobnicate"], .unknownVerb("frobnicate", nearest: nil)),
      (["supervisro"], .unknownVerb("supervisro", nearest: "supervisor")),
      (["supervisor", "stpo"], .unknownVerb("supervisor stpo", nearest: "stop")),
      (["supervisor"], .wordMissing("run|status|stop")),
      (["--hepl"], .unknownOption("--hepl", nearest: "--help")),
    ] as [([String], UsageError.Problem)])
  func unknown(line: [String], problem: UsageError.Problem) {
    let error = #expect(throws: UsageError.self) { try Invocation(line, verbs: VerbTable.verbs) }
    #expect(error?.problem == problem)
  }

  @Test(
    "A verb or option of another tool is answered with ours",
    arguments: [
      (["list"], "'qemuvm ls'"), (["shutdown", "web"], "'qemuvm stop VM'"), (["destroy", "web"], "kill"),
      (["exec", "web", "sh"], "'qemuvm console VM'"), (["rm", "-f", "web"], "'qemuvm down VM'"),
      (["up", "-d"], "in the background"), (["down", "-v"], "--disks"),
    ])
  func foreign(line: [String], ours: String) {
    let error = #expect(throws: UsageError.self) { try Invocation(line, verbs: VerbTable.verbs) }
    #expect(error?.hint?.contains(ours) == true, "\(String(describing: error))")
  }

  @Test("No word of another tool's is one of ours")
  func foreignWords() {
    for verb in VerbTable.verbs { #expect(ForeignWords.hint(forVerb: verb.name) == nil, "\(verb.name)") }
  }

  @Test(
    "What does not go together is refused",
    arguments: [
      ["up", "--memory", "1G"], ["up", "--name", "web"], ["up", "web", "--profile", "hello"],
      ["up", "--profile", "hello", "--file", "x.json5"], ["up", "--profile", "hello", "--name", "a/b"],
      ["up", "--profile", "../hello"],
      ["up", "--profile", "hello", "--memory", "1G", "--memory-per-cpu", "1G"],
      ["update", "web"], ["validate", "a.json5", "--file", "b.json5"], ["stop", "--timeout", "5"],
      ["qmp", "web", "query-status", "[]"], ["qmp", "web", "query-status", "{"], ["status"],
      ["status", "a", "b"],
    ])
  func combinations(line: [String]) {
    #expect(throws: UsageError.self) { try Invocation(line, verbs: VerbTable.verbs) }
  }

  @Test("An error in a setting names its option")
  func settings() {
    let error = #expect(throws: UsageError.self) {
      try Invocation(["update", "web", "--cpus", "0", "--memory-per-cpu", "2"], verbs: VerbTable.verbs)
    }
    let lines = error?.message.split(separator: "\n") ?? []
    #expect(lines.count == 2)
    #expect(lines.contains { $0.hasPrefix("--cpus: the number of CPUs must be") })
    #expect(lines.contains { $0.hasPrefix("--memory-per-cpu: '2' has no unit") })
  }
}
