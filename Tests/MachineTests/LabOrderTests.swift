import JSON
import Machine
import Testing

@Suite("The order of a lab")
struct LabOrderTests {
  /// A lab as `web:db,cache db cache`, each VM with what it depends on.
  private static func order(_ lab: String) -> LabOrder {
    LabOrder(
      lab.split(separator: " ").map { word in
        let parts = word.split(separator: ":")
        let others = parts.count > 1 ? parts[1].split(separator: ",") : []
        return (String(parts[0]), others.map { Dependency(String($0), .started) })
      })
  }

  @Test(
    "VMs start in layers, each behind all that it depends on",
    arguments: [
      ("", []),
      ("a b c", [["a", "b", "c"]]),
      ("web:db db", [["db"], ["web"]]),
      ("a:b b:c c", [["c"], ["b"], ["a"]]),
      // The longest way counts, and a layer keeps the file's order.
      ("a:b,d b:c c d", [["c", "d"], ["b"], ["a"]]),
      ("d b:d a:d", [["d"], ["b", "a"]]),
      // What is not there is not waited for here.
      ("web:gone db", [["web", "db"]]),
      // Behind a circle nothing starts.
      ("a:b b:a c:a d", [["d"]]),
    ] as [(String, [[String]])])
  func layers(_ lab: String, _ layers: [[String]]) {
    let order = Self.order(lab)
    #expect(order.startLayers == layers)
    #expect(order.stopLayers == layers.reversed())
  }

  @Test(
    "A circle is told as the path from the VM that stands first",
    arguments: [
      ("web:db db", []),
      ("web:web", [["web", "web"]]),
      ("web:db db:web", [["web", "db", "web"]]),
      ("x:c a:b b:c c:a", [["a", "b", "c", "a"]]),
      ("a:b b:a c:d d:c e:a", [["a", "b", "a"], ["c", "d", "c"]]),
      ("a:gone,b b:a", [["a", "b", "a"]]),
    ] as [(String, [[String]])])
  func circles(_ lab: String, _ circles: [[String]]) {
    #expect(Self.order(lab).circles == circles)
  }

  @Test(
    "With a VM comes all that it depends on, directly or not",
    arguments: [
      ("a:b b:c c d:a", ["a"], ["a", "b", "c"]),
      ("a:b b:c c d:a", ["c", "d"], ["a", "b", "c", "d"]),
      ("a:b b:a", ["a"], ["a", "b"]),
      ("a:gone", ["a", "other"], ["a"]),
    ] as [(String, [String], Set<String>)])
  func closure(_ lab: String, _ names: [String], _ expected: Set<String>) {
    #expect(Self.order(lab).closure(of: names) == expected)
  }

  @Test("A chain of any length has its order")
  func longChain() {
    let count = 100_000
    let vms = (0..<count).map { number in
      ("v\(number)", number == 0 ? [] : [Dependency("v\(number - 1)", .started)])
    }
    #expect(LabOrder(vms).startLayers.count == count)
    #expect(LabOrder(vms).circles.isEmpty)
  }

  private static func flat(_ text: String) throws -> [FlatDefinition] {
    let file = try LabFile(parsing: Array(text.utf8), file: "q.json5", defaultLab: "lab")
    return try file.vms.map { FlatDefinition($0, in: "/lab", over: try ProfileChain($0.profile)) }
  }

  @Test(
    "Nobody waits for what cannot come: health that nobody looks at, the end of a VM that always starts again",
    arguments: [
      ("{ vms: { db: { health: {} }, web: { dependsOn: { db: 'healthy' } } } }", nil),
      ("{ vms: { db: { onHang: 'none' }, web: { dependsOn: { db: 'healthy' } } } }", nil),
      ("{ vms: { db: {}, web: { dependsOn: { db: 'stopped' } } } }", nil),
      (
        "{ vms: { db: {}, web: { dependsOn: { db: 'healthy' } } } }",
        "q.json5:1:42: vms.web.dependsOn.db: 'db' has no key 'health', so nobody looks whether it is healthy; "
          + "give it one, such as health: {}, or wait for it to be \"started\""
      ),
      (
        "{ vms: { db: { restart: 'always' }, web: { dependsOn: { db: 'stopped' } } } }",
        "q.json5:1:61: vms.web.dependsOn.db: 'db' starts again whenever it ends (restart: \"always\"), "
          + "so it never stays stopped; give it another policy, or wait for it to be \"started\""
      ),
    ] as [(String, String?)])
  func conditions(_ text: String, _ problem: String?) throws {
    let problems = LabOrder.problems(ofConditionsIn: try Self.flat(text))
    #expect(problems.map { "\($0)" } == [problem].compactMap { $0 })
  }

  @Test("A list of names and an object of conditions say the same of VMs that are to be started")
  func forms() throws {
    let list = try Settings(json: ["dependsOn": ["db", "job"]])
    #expect(try Settings(json: ["dependsOn": ["db": "started", "job": "started"]]) == list)
    #expect(list.dependsOn?.dependencies == [Dependency("db", .started), Dependency("job", .started)])
  }
}
