import Glibc
import Host
import Testing

/// A process of a fleet, found as `ps` finds it and held by its pidfd.
struct FleetProcess: Sendable {
  enum Role: Sendable, Equatable {
    /// The QEMU of the VM with this folder name.
    case guest(String)

    /// A helper of a VM, by both folders' names: `web@shop/tpm`.
    case helper(String)

    /// The switch of the network with this folder name.
    case networkSwitch(String)
    case supervisor
    case other(String)
  }

  let role: Role
  let process: ChildProcess
  var pid: Int { Int(process.pid) }

  var hasExited: Bool { process.hasExited }

  func signal(_ number: Int32) { process.signal(number) }

  /// Waits until it has ended.
  func end() async {
    let process = process
    _ = await offQueue { process.wait() }
  }

  /// Waits until it has ended, but not for longer; false when it is there still.
  func end(within patience: Duration) async -> Bool {
    let process = process
    return await offQueue { process.wait(until: .now + patience) } != nil
  }

  func kill(_ signal: Int32 = SIGKILL) async {
    process.signal(signal)
    await end()
  }

  /// What its open descriptors lead to, sorted; sockets and pipes without their numbers.
  func descriptors() throws -> [String] {
    // One that closes while they are listed leads nowhere.
    let targets = try FileSystem.names(in: "/proc/\(pid)/fd").compactMap {
      FileSystem.linkTarget("/proc/\(pid)/fd/\($0)")
    }
    return targets.map { target in
      ["socket:", "pipe:"].first(where: target.hasPrefix) ?? target
    }.sorted()
  }

  /// Resident memory that it shares with no file, in bytes: RssAnon of proc(5).
  func anonymousBytes() throws -> Int {
    let text = String(decoding: try FileSystem.read("/proc/\(pid)/status"), as: UTF8.self)
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("RssAnon:") })
    return try #require(Int(line.filter(\.isNumber))) * 1024
  }
}

extension Fleet {
  /// This fleet's processes: those that hold a VM's lock as descriptor 3, and those with its environment.
  func processes() throws -> [FleetProcess] {
    try FileSystem.names(in: "/proc").compactMap(Int32.init).sorted().compactMap { pid in
      // Each of these calls fails when the process ends meanwhile: it is then none of ours any more.
      guard role(of: pid) != nil, let process = try? ChildProcess(adopting: pid),
        let role = role(of: pid), !isZombie(pid)
      else { return nil }
      return FleetProcess(role: role, process: process)
    }
  }

  /// The QEMU processes, by VM.
  func guests() throws -> [FleetProcess] {
    try processes().filter { if case .guest = $0.role { true } else { false } }
  }

  /// The helper of a VM, `web@shop/tpm`, of which there is one.
  func helper(
    _ id: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> FleetProcess {
    let found = try processes().filter { $0.role == .helper(id) }
    try #require(found.count == 1, "\(found)", sourceLocation: sourceLocation)
    return found[0]
  }

  /// The switches of networks.
  func switches() throws -> [FleetProcess] {
    try processes().filter { if case .networkSwitch = $0.role { true } else { false } }
  }

  /// The switch of a network, `backend@shop`, of which there is one.
  func networkSwitch(
    _ id: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> FleetProcess {
    let found = try switches().filter { $0.role == .networkSwitch(id) }
    try #require(found.count == 1, "\(found)", sourceLocation: sourceLocation)
    return found[0]
  }

  func supervisors() throws -> [FleetProcess] {
    try processes().filter { $0.role == .supervisor }
  }

  /// What each thread of each process waits for, as the kernel tells it, for a person.
  func waits() -> String {
    // A process or thread that ends meanwhile waits for nothing.
    let found = (try? processes()) ?? []
    return found.flatMap { process -> [String] in
      let folder = "/proc/\(process.pid)/task"
      return ["\(process.role), process \(process.pid)"]
        + ((try? FileSystem.names(in: folder)) ?? []).map { thread in
          let words = ["comm", "wchan", "syscall"].map { file in
            let bytes = (try? FileSystem.read("\(folder)/\(thread)/\(file)")) ?? []
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? "?"
          }
          return "  \(thread) " + words.joined(separator: ", ")
        }
    }.joined(separator: "\n")
  }

  /// The one QEMU of a fleet with one running VM.
  func guest(sourceLocation: SourceLocation = #_sourceLocation) throws -> FleetProcess {
    let guests = try guests()
    try #require(guests.count == 1, "\(guests)", sourceLocation: sourceLocation)
    return guests[0]
  }

  func supervisor(sourceLocation: SourceLocation = #_sourceLocation) throws -> FleetProcess {
    let supervisors = try supervisors()
    try #require(supervisors.count == 1, "\(supervisors)", sourceLocation: sourceLocation)
    return supervisors[0]
  }

  /// The processes of each VM, by its folder's name: those that have its lock as descriptor 3.
  func guestPIDs() -> [String: [Int32]] {
    // Without /proc nothing is found, which every test notices.
    let pids = (try? FileSystem.names(in: "/proc"))?.compactMap(Int32.init) ?? []
    return pids.reduce(into: [:]) { found, pid in
      if let vm = vm(of: pid) { found[vm, default: []].append(pid) }
    }
  }

  /// Two processes that had the lock of one VM at the same moment, in words; nil when there are none.
  func doubleGuest() -> String? {
    for (vm, pids) in guestPIDs() where pids.count > 1 {
      // One may have ended before the other began: seen before and after the other, it was there beside it.
      for first in pids {
        for second in pids where second != first && self.vm(of: first) == vm && self.vm(of: second) == vm {
          if self.vm(of: first) == vm { return "\(vm) has the processes \(first) and \(second)" }
        }
      }
    }
    return nil
  }

  /// The VM whose lock a process has as descriptor 3, also when the lock's folder is on its way out.
  private func vm(of pid: Int32) -> String? {
    lockOwner(of: pid, in: "vms").flatMap { $0.contains("/") ? nil : $0 }
  }

  /// The folder in one of STATE's whose lock a process has as descriptor 3.
  private func lockOwner(of pid: Int32, in parent: String) -> String? {
    let start = "\(state)/\(parent)/"
    guard let file = FileSystem.linkTarget("/proc/\(pid)/fd/3"), file.hasPrefix(start),
      let slash = file.lastIndex(of: "/"), file[slash...].hasPrefix("/lock")
    else { return nil }
    return String(file[..<slash].dropFirst(start.count))
  }

  private func role(of pid: Int32) -> FleetProcess.Role? {
    if let owner = lockOwner(of: pid, in: "vms") {
      return owner.contains("/") ? .helper(owner) : .guest(owner)
    }
    if let network = lockOwner(of: pid, in: "networks") { return .networkSwitch(network) }
    // A process of another user or one that has just ended has nothing to read: not ours.
    guard let environment = try? FileSystem.read("/proc/\(pid)/environ"),
      environment.split(separator: 0).contains(where: { $0.elementsEqual("HOME=\(root)".utf8) }),
      let words = try? FileSystem.read("/proc/\(pid)/cmdline")
    else { return nil }
    let command = words.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    return command.dropFirst().starts(with: ["supervisor", "run"])
      ? .supervisor : .other(command.joined(separator: " "))
  }

  private func isZombie(_ pid: Int32) -> Bool {
    guard let line = try? FileSystem.read("/proc/\(pid)/stat") else { return true }  // Gone altogether.
    let text = String(decoding: line, as: UTF8.self)
    return text.split(separator: ")").last?.hasPrefix(" Z") ?? true
  }
}
