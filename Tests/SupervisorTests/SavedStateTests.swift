import Control
import Glibc
import Host
import JSON
import Machine
import Testing

@testable import Supervisor

@Suite("A state file") struct SavedStateTests {
  /// What no number of ours ever is.
  private static let odd: [JSONValue] = [
    JSONValue(Int.min), JSONValue(Int.min + 1), -1, 0, JSONValue(Int.max - 1), JSONValue(Int.max),
    .unsigned(.max), .number(1e300), .number(-1e300), .number(0.5), "9223372036854775807", true, .null, [],
    [:],
  ]

  /// A VM's folder with a definition, removed with the test.
  private final class Folder {
    let root: String
    let folder: VMFolder
    let record: VMRecord

    init() throws {
      var template = Array("/tmp/qemuvm-state-XXXXXX".utf8CString)
      root = try #require(mkdtemp(&template).map { String(cString: $0) })
      folder = VMFolder(path: root, id: "web")
      let text = """
        {"format": 1, "uuid": "12345678-9abc-4def-8000-000000000001", "directory": "/", "file": null,
         "definition": {"name": "web"}, "settings": {"memory": "16M", "health": {"console": "x"}, "onHang": "reset",
         "restart": {"policy": "always", "burst": 3, "window": "10m"}}}
        """
      record = try VMRecord(parsing: Array(text.utf8), file: "definition.json")
    }

    deinit { try? FileSystem.removeTree(root) }

    func read(_ state: JSONObject) throws -> SavedState {
      try FileSystem.replace(folder.state, with: JSONValue.object(state).bytes(), durable: false)
      return try SavedState.read(folder, record, desired: .running).saved
    }
  }

  /// A state with every key that a VM can have, in a phase.
  private static func whole(_ phase: VMState) throws -> JSONObject {
    var driver = Driver.running(policy: RestartPolicy(burst: 9))
    for _ in 0..<2 {
      _ = driver.handle(.exited(.signal(9), stderr: ""))
      _ = driver.wait()
      driver.becomeRunning()
    }
    var saved = SavedState(
      lifecycle: driver.life, wish: 3, pid: 7, startedAt: .now, consoleStart: 5,
      lastExit: LedgerEvent.ExitFacts(
        pid: 6, status: .signal(9), ending: nil, stderr: "", ranSeconds: 1.5, oomKills: 0),
      hadKVM: true)
    saved.lifecycle.lostKVM = "x"
    saved.lifecycle.guest.bootResets = 1
    saved.lifecycle.guest.bootedAt = .now
    var object = try JSONObject(json: JSONValue(parsing: saved.bytes()))
    object["phase"] = .string(phase.rawValue)
    object["until"] = JSONValue(Instant.now.nanoseconds)
    object["health"] = ["ready": false, "readyBy": JSONValue(Instant.now.nanoseconds)]
    return object
  }

  /// Lets a supervisor live on with what it has read.
  private static func live(with saved: SavedState) throws {
    for input in [LifecycleInput.adopted, .absent(hostRebooted: false), .absent(hostRebooted: true)] {
      var driver = Driver()
      driver.life = saved.lifecycle
      driver.clock = .now
      for input in [input, .timer, .exited(.signal(9), stderr: ""), .start, .stop(timeout: nil), .kill] {
        _ = driver.handle(input)
        _ = driver.wait()
      }
      for _ in 0..<12 { _ = driver.handle(.guest(.reset(byGuest: true))) }
    }
    _ = saved.wish + 1
    _ = saved.startedAt?.rfc3339
    _ = saved.lifecycle.guest.runningSince.map { (Instant.now - $0).seconds }
    let again = SavedState(
      lifecycle: saved.lifecycle, wish: saved.wish, pid: saved.pid, machine: saved.machine,
      startedAt: saved.startedAt, consoleStart: saved.consoleStart, lastExit: saved.lastExit)
    _ = try JSONValue(parsing: again.bytes())
  }

  @Test("what a restart follows is known to the next supervisor")
  func restartCause() throws {
    let folder = try Folder()
    var object = try Self.whole(.running)
    object["restartCause"] = "the guest powered itself off"
    object["restartEnding"] = "powered-off"
    object["restarts"] = 2
    let saved = try folder.read(object)
    #expect(saved.lifecycle.intent.restartCause == RestartCause("the guest powered itself off", .poweredOff))
    #expect(saved.lifecycle.runningCause == "restarted 2 times: the guest powered itself off; x")
    #expect(try JSONValue(parsing: saved.bytes())["restartEnding"] == "powered-off")
  }

  @Test("with a number that cannot be ours costs that number alone", arguments: VMState.allCases)
  func oddNumbers(phase: VMState) throws {
    let folder = try Folder()
    let whole = try Self.whole(phase)
    try Self.live(with: try folder.read(whole))
    for (key, value) in whole where !["format", "boot", "phase", "cause"].contains(key) {
      for odd in Self.odd {
        var object = whole
        object[key] = odd
        try Self.live(with: try folder.read(object))
        object[key] = [odd, odd]
        try Self.live(with: try folder.read(object))
        guard case .object(let members) = value else { continue }
        for (member, _) in members {
          var changed = members
          changed[member] = odd
          object[key] = .object(changed)
          try Self.live(with: try folder.read(object))
        }
      }
    }
    var object = whole
    object["consecutive"] = JSONValue(Int.max)
    object["until"] = JSONValue(Int.max)
    let saved = try folder.read(object)
    #expect(saved.lifecycle.intent.budget.consecutive == 0 && saved.wish == 3 && saved.pid == 7)
    #expect((saved.lifecycle.nextDeadline ?? .now) <= .now + .seconds(600))
  }

  @Test(
    "and a wish with such a number begin anew",
    arguments: ["9223372036854775807", "-9223372036854775808", "x"])
  func oddWish(text: String) throws {
    let folder = try Folder()
    try FileSystem.replace(folder.root + "/wanted", with: Array("\(text)\n".utf8), durable: false)
    let wish = try folder.folder.wish()
    #expect(folder.folder.runWish.number == 0 && wish == .running)
  }

  @Test(
    "and a restart that was confirmed and not begun: the QEMU that lives is to end, and another one to start")
  func restartNotBegun() throws {
    let folder = try Folder()
    try folder.folder.bring(to: nil, wanted: 4, restarting: true)
    for phase in [VMState.running, .paused, .stopping] {
      let life = try folder.read(try Self.whole(phase)).lifecycle
      #expect(life.intent.startsAgain && life.state == phase && life.desired == .running, "\(phase)")
    }
    for phase in [VMState.stopped, .failed, .backoff] {
      let life = try folder.read(try Self.whole(phase)).lifecycle
      #expect(!life.intent.startsAgain && life.awaitsSpawn, "\(phase)")
    }
    // One that was acted on is no wish any more.
    try folder.folder.bring(to: nil, wanted: 3, restarting: true)
    #expect(try !folder.read(try Self.whole(.running)).lifecycle.intent.startsAgain)
    try folder.folder.bring(to: nil, wanted: 4)
    #expect(try !folder.read(try Self.whole(.running)).lifecycle.intent.startsAgain)
  }

  @Test("keeps how the last QEMU ended, what its guest said last, and the UUID of the one that runs")
  func kept() throws {
    let folder = try Folder()
    let exit = LedgerEvent.ExitFacts(
      pid: 6, status: .code(1), ending: .panicked, stderr: "x", ranSeconds: 1.5, oomKills: nil)
    let uuid = UUID(high: 1, low: 2)
    let saved = SavedState(
      lifecycle: Driver.running().life, wish: 3, pid: 7, uuid: uuid, lastExit: exit,
      failedConsole: ["a", "b"])
    let again = try folder.read(try JSONObject(json: JSONValue(parsing: saved.bytes())))
    #expect(again.uuid == uuid && again.lastExit == exit && again.failedConsole == ["a", "b"])
  }
}
