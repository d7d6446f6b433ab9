import Host
import JSON
import Testing

extension Fleet {
  /// A connection to the control socket, negotiated; it hears every event from here on.
  func monitor() async throws -> PlainMonitor {
    try await PlainMonitor(connectingTo: controlSocket)
  }

  /// The VM's own connection to QEMU that qemuvm offers to the user's tools.
  func userMonitor(of name: String) async throws -> PlainMonitor {
    try await PlainMonitor(connectingTo: try #require(try await status(name)["qmpSocket"]?.string))
  }

  /// Waits until the VM is as wanted, woken by the supervisor's events, and returns its object.
  ///
  /// A VM that the supervisor does not know is one that a command beside this has not announced yet: VMs of one lab come
  /// in any order.
  @discardableResult
  func wait(for name: String, until isWanted: (JSONValue) -> Bool) async throws -> JSONValue {
    let monitor = try await monitor()
    while true {
      let reply = try await monitor.reply(to: "query-vm", ["name": .string(name)])
      if let vm = reply["return"], isWanted(vm) { return vm }
      guard reply["return"] != nil || reply["error"]?["class"] == "DeviceNotFound" else {
        throw PlainMonitor.Refused(command: "query-vm", reply: reply)
      }
      _ = try await monitor.event { $0["event"] == "VM_STATE_CHANGED" || $0["event"] == "VM_REMOVED" }
    }
  }

  /// The VM's object as a new supervisor has it, once the guest that it took over has said how it is.
  func takenOver(_ name: String) async throws -> JSONValue {
    try await qemuvm("ls")
    return try await wait(for: name) { $0["state"] != "starting" }
  }

  @discardableResult
  func wait(for name: String, toBe state: String) async throws -> JSONValue {
    try await wait(for: name) { $0["state"]?.string == state }
  }

  /// Waits until the guest has printed the text on its console, and returns all that it printed.
  @discardableResult
  func wait(for name: String, toSay text: String) async throws -> String {
    let follower = try start(["logs", name, "-f"])
    let heard = try await follower.read(until: text)
    follower.signal(2)
    _ = try await follower.end()
    return heard
  }

  /// Waits until something has the path, in a folder that is there, and is as the test asks.
  func arrival(of path: String, until isWanted: () throws -> Bool = { true }) async throws {
    let files = FileWatch()
    while true {
      let (arrivals, feed) = AsyncStream<Void>.makeStream()
      _ = try files.watch(FileSystem.parent(of: path), for: .arrival) { feed.yield() }
      if try FileSystem.exists(path) && isWanted() { return }
      for await _ in arrivals { break }
    }
  }

  /// Waits until what is kept of a VM, by its id, is as the test asks: a guest's state is told before it is kept.
  func keptState(of id: String = "web@shop", until isWanted: (JSONValue) -> Bool) async throws {
    let file = "\(state)/vms/\(id)/state.json"
    try await arrival(of: file) { isWanted(try JSONValue(parsing: FileSystem.read(file))) }
  }

  /// Waits until a file that is written to is as the test asks.
  func modification(of path: String, until isWanted: () throws -> Bool) async throws {
    let files = FileWatch()
    while true {
      let (changes, feed) = AsyncStream<Void>.makeStream()
      _ = try files.watch(path) { feed.yield() }
      if try isWanted() { return }
      for await _ in changes { break }
    }
  }

  /// A connection to the guest's serial console.
  func console(of name: String) async throws -> ByteStream {
    try ByteStream(connectingTo: try #require(try await status(name)["consoleSocket"]?.string))
  }
}
