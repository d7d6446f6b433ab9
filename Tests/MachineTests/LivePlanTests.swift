import JSON
import Machine
import Testing

@Suite("What a running QEMU takes at once")
struct LivePlanTests {
  private static let ports = Set((0..<8).map { "port\($0)" })

  private static func plan(
    from old: String, to new: String, present: Set<String>? = nil, isResumed: Bool = false
  ) throws -> LivePlan {
    let before = try Example.machine(old)
    let after = try Example.machine(new, after: before.addresses)
    let all = ports.union((before.description.devices ?? []).map(\.id.text))
    return LivePlan(
      from: before.description, to: after, old: before, present: present ?? all, isResumed: isResumed)
  }

  private static func names(_ commands: [LiveCommand]?) -> [String]? {
    commands?.map { command in
      switch command {
      case .qmp(let name, _): name
      case .qmpIfThere(let name, _): "\(name)?"
      case .monitor(let line, _): line
      case .unplug(let device): "unplug \(device)"
      }
    }
  }

  @Test(
    "is done by these commands, and taken back by those",
    arguments: [
      (
        "disks: ['a.raw']", "disks: ['a.raw', 'b.raw']",
        [(["blockdev-add", "device_add"], ["unplug disk-b.raw", "blockdev-del"])]
      ),
      (
        "disks: ['a.raw', 'b.raw']", "disks: ['a.raw']",
        [(["unplug disk-b.raw", "blockdev-del"], ["blockdev-add", "device_add"])]
      ),
      (
        // What goes comes first; then all have their new turns, and what is new finds its own free.
        "disks: ['a.raw', 'b.raw']", "disks: ['b.raw', 'c.raw']",
        [
          (["unplug disk-a.raw", "blockdev-del"], ["blockdev-add", "device_add"]),
          (["qom-set", "qom-set"], ["qom-set", "qom-set"]),
          (["blockdev-add", "device_add"], ["unplug disk-c.raw", "blockdev-del"]),
        ]
      ),
      (
        "networks: ['user'], ports: ['1080:80']", "networks: ['user'], ports: ['1081:80']",
        [
          (
            [
              "hostfwd_remove net-user tcp:127.0.0.1:1080", "hostfwd_remove net-user tcp:127.0.0.1:1081",
              "hostfwd_add net-user tcp:127.0.0.1:1081-:80",
            ],
            [
              "hostfwd_remove net-user tcp:127.0.0.1:1081", "hostfwd_remove net-user tcp:127.0.0.1:1080",
              "hostfwd_add net-user tcp:127.0.0.1:1080-:80",
            ]
          )
        ]
      ),
      (
        "networks: ['user']", "networks: ['user', 'user']",
        [(["netdev_add", "device_add"], ["unplug net-user-2", "netdev_del"])]
      ),
      ("disks: [{ name: 'd', size: '1G' }]", "disks: [{ name: 'd', size: '2G' }]", [(["block_resize"], nil)]),
    ] as [(String, String, [([String], [String]?)])])
  func steps(old: String, new: String, steps: [([String], [String]?)]) throws {
    let plan = try Self.plan(from: old, to: new)
    #expect(plan.steps.map { Self.names($0.commands) } == steps.map(\.0))
    #expect(plan.steps.map { Self.names($0.undo) } == steps.map(\.1))
  }

  @Test(
    "is not what only a start gives",
    arguments: [
      ("cpus: 1", "cpus: 2"), ("disks: [{ name: 'd', size: '2G' }]", "disks: [{ name: 'd', size: '1G' }]"),
      ("disks: ['a.raw']", "disks: [{ file: 'a.raw', cache: 'none' }]"),
      ("disks: []", "disks: [{ file: 'a.raw', bus: 'sata' }]"),
      // The controller would have to come first.
      ("disks: []", "disks: [{ file: 'a.raw', bus: 'scsi' }]"), ("rng: true", "rng: false"),
      ("networks: ['user']", "networks: [{ user: true, model: 'e1000' }]"),
    ])
  func nothing(old: String, new: String) throws {
    #expect(try Self.plan(from: old, to: new).steps.isEmpty)
  }

  @Test("needs a root port that is there, or a controller")
  func places() throws {
    #expect(try Self.plan(from: "disks: []", to: "disks: ['a.raw']", present: []).steps.isEmpty)
    let scsi = "disks: [{ file: 'a.raw', bus: 'scsi' }"
    #expect(
      try Self.plan(from: scsi + "]", to: scsi + ", { file: 'b.raw', bus: 'scsi' }]", present: []).steps.count
        == 1)
  }

  @Test("is gone on with from wherever it was left")
  func resumed() throws {
    let (old, new) = ("disks: ['a.raw']", "disks: ['b.raw']")
    func commands(_ present: Set<String>) throws -> [[String]?] {
      try Self.plan(from: old, to: new, present: Self.ports.union(present), isResumed: true).steps.map {
        Self.names($0.commands)
      }
    }
    let add = ["blockdev-del?", "blockdev-add", "device_add"]
    #expect(try commands(["disk-a.raw"]) == [["unplug disk-a.raw", "blockdev-del"], add])
    #expect(try commands([]) == [["blockdev-del?"], add])
    #expect(try commands(["disk-b.raw"]) == [["blockdev-del?"], []])
  }

  @Test("leaves the machine as it is described then, also for the next supervisor")
  func described() throws {
    let before = try Example.machine("disks: ['a.raw', 'b.raw'], networks: ['user']")
    let after = try Example.machine(
      "disks: ['b.raw', 'c.raw'], networks: ['user'], ports: ['1080:80']", after: before.addresses)
    let plan = LivePlan(
      from: before.description, to: after, old: before, present: Self.ports, isResumed: false)
    let now = plan.steps.reduce(before.description) { $0.after($1, towards: after.description) }
    #expect(after.description.changes(from: now) == [])
    let json = now.json
    let kept = try MachineDescription(texts: .object(json.texts), values: json.values.map { .object($0) })
    #expect(kept == now)
    #expect(kept.texts["ports"] == "127.0.0.1:1080:80")
  }
}
