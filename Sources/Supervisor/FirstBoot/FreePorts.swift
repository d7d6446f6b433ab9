internal import Glibc
internal import Host
internal import JSON
internal import Machine
internal import Synchronization

/// The ports of the host that were chosen for forwards which name none: each is chosen once and kept with the VM's disks.
///
/// No two VMs of a fleet have one port, whether they run or not. It blocks; any thread.
final class FreePorts: Sendable {
  /// Below those that the kernel gives to connections by itself; see ip(7), ip_local_port_range.
  private static let range = 22_000..<32_000

  /// Where the VMs keep theirs, a folder each.
  private let folder: String
  private let state = Mutex(State())

  private struct State {
    /// What is known of each VM, by its id; nil until it was read.
    var chosen: [String: [PortForward: Int]]?
  }

  init(folder: String) {
    self.folder = folder
  }

  /// Those that a VM has already.
  func known(_ vm: VMName) -> [PortForward: Int] {
    state.withLock { state in
      read(&state)
      return state.chosen?[vm.id] ?? [:]
    }
  }

  /// A port for each of a VM's forwards that name none: the one it had, if that is free, else another; with `keeping`
  /// also one that is not, for its own QEMU has it.
  func choose(_ vm: VMName, _ forwards: [PortForward], keeping: Bool = false) -> [PortForward: Int] {
    let wanted = forwards.filter { $0.hostPort == 0 }
    guard !wanted.isEmpty else { return [:] }
    return state.withLock { state in
      read(&state)
      var own = state.chosen?[vm.id] ?? [:]
      let others = (state.chosen ?? [:]).filter { $0.key != vm.id }.flatMap(\.value.values)
      for forward in wanted {
        let taken = Set(others + own.filter { $0.key != forward }.map(\.value) + forwards.map(\.hostPort))
        if let port = own[forward], !taken.contains(port), keeping || Self.isFree(port, forward) { continue }
        own[forward] = next(forward, vm, besides: taken)
      }
      state.chosen?[vm.id] = own
      return own.filter { wanted.contains($0.key) }
    }
  }

  /// A VM and its disks are gone: its ports are anyone's.
  func forget(_ vm: VMName) {
    state.withLock { $0.chosen?[vm.id] = nil }
  }

  /// Makes a VM's ports durable.
  func keep(_ vm: VMName) throws(SystemError) {
    let own = state.withLock { $0.chosen?[vm.id] ?? [:] }
    guard !own.isEmpty else { return }
    let members = own.map { ("\($0.key)", JSONValue($0.value)) }.sorted { $0.0 < $1.0 }
    let (bytes, file) = (JSONValue.object(JSONObject(members)).bytes(), file(vm.id))
    if try FileSystem.readIfPresent(file) == bytes { return }
    try FileSystem.makeDirectory(FileSystem.parent(of: file))
    try FileSystem.replace(file, with: bytes, durable: true)
  }

  private func file(_ id: String) -> String { "\(folder)/\(id)/ports.json" }

  private func read(_ state: inout State) {
    guard state.chosen == nil else { return }
    var chosen: [String: [PortForward: Int]] = [:]
    // What cannot be read is chosen anew.
    for id in (try? FileSystem.names(in: folder)) ?? [] {
      guard let bytes = try? FileSystem.readIfPresent(file(id)), let json = try? JSONValue(parsing: bytes)
      else {
        continue
      }
      for (text, value) in json.object ?? [:] {
        guard let forward = try? PortForward(parsing: text), let port = value.int,
          (1...65_535).contains(port)
        else { continue }
        chosen[id, default: [:]][forward] = port
      }
    }
    state.chosen = chosen
  }

  private static func isFree(_ port: Int, _ forward: PortForward) -> Bool {
    PortCheck.refusal(forward.on(hostPort: port)) == nil
  }

  /// Begins where the VM's name says, so that one that was forgotten finds its port again; elsewhere for each fleet, so
  /// that those of two users do not meet at one port between its choice and QEMU's start.
  private func next(_ forward: PortForward, _ vm: VMName, besides taken: Set<Int>) -> Int? {
    let range = Self.range
    var hash = FNV1a<UInt64>()
    hash.add(folder)
    hash.add(vm.id)
    hash.add("\(forward)")
    let start = Int(hash.state % UInt64(range.count))
    for offset in 0..<range.count {
      let port = range.lowerBound + (start + offset) % range.count
      if !taken.contains(port), Self.isFree(port, forward) { return port }
    }
    return nil
  }
}
