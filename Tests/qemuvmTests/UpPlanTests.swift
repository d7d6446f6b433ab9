import Control
import JSON
import Testing

@testable import qemuvm

@Suite("What up would do") struct UpPlanTests {
  private static func reply(
    _ name: String, _ actions: [VMAction], differences: [String] = [], applied: [String] = [],
    pending: [String] = []
  ) -> VMReply {
    let full = FullName(name, lab: "shop")
    var reply = VMReply(
      status: VMStatus(name: full, state: Word(.running)),
      change: VMChange(name: full, state: Word(.running), desired: Word(.running), cause: nil, wish: 1),
      actions: actions, differences: differences, pending: pending)
    reply.applied = applied
    return reply
  }

  private static let edited = reply(
    "web", [.update], differences: ["cpus: 1 -> 2", "restart: no -> always"],
    applied: ["restart: no -> always"],
    pending: ["cpus: 1 -> 2"])

  @Test(
    "What counts at once is told apart from what waits; with --restart nothing waits",
    arguments: [
      (
        UpPlan.Way.later,
        """
        shop/web: would update
          would change restart: no -> always
          waits for the next start: cpus: 1 -> 2
        shop/new: would create, start
        unchanged: shop/db

        """
      ),
      (
        .restart,
        """
        shop/web: would update, restart
          would change cpus: 1 -> 2
          would change restart: no -> always
        shop/new: would create, start
        unchanged: shop/db

        """
      ),
      (
        .recreate,
        """
        shop/web: would update, recreate
          would change cpus: 1 -> 2
          would change restart: no -> always
        shop/db: would recreate
        shop/new: would create, start

        """
      ),
    ])
  func edit(way: UpPlan.Way, expected: String) {
    let replies = [Self.edited, Self.reply("db", []), Self.reply("new", [.create, .start])]
    #expect(UpPlan(replies, way).edit == expected)
    #expect(UpPlan(replies, way).known == ["shop/web", "shop/db"])
    #expect(UpPlan(replies, way).hasEdit)
  }

  @Test("What is not edited is not told of")
  func quiet() {
    #expect(!UpPlan([Self.reply("db", []), Self.reply("new", [.create, .start])], .later).hasEdit)
  }

  @Test("--restart alone is no policy, and takes the word behind it only where that is one")
  func restart() throws {
    func parse(_ line: [String], _ verb: any Verb.Type) throws -> GivenArguments {
      let parser = CommandLineParser(verb: verb.name, arguments: verb.arguments, options: verb.allOptions)
      return try parser.parse(line)
    }
    for (line, isBare, words) in [
      (["--restart"], true, []), (["--restart", "web"], true, ["web"]),
      (["web", "--restart"], true, ["web"]),
      (["--restart", "always"], false, []), (["--restart=no"], false, []),
      (["--restart", "--dry-run"], true, []),
    ] as [([String], Bool, [String])] {
      let given = try parse(line, Up.self)
      #expect(SettingOption.isRestartBare(given) == isBare, "\(line)")
      #expect(given.words == words, "\(line)")
    }
    #expect(throws: UsageError.self) { try Update(try parse(["web", "--restart"], Update.self)) }
    #expect(throws: UsageError.self) { try Create(try parse(["--restart"], Create.self)) }
    _ = try Up(try parse(["--restart"], Up.self))
    #expect(throws: UsageError.self) { try Up(try parse(["--restart", "--recreate"], Up.self)) }
  }
}
