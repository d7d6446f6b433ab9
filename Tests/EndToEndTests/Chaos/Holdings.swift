import Host

/// What a supervisor holds of the host: descriptors by kind, threads for work that blocks, and children that nobody has
/// reaped.
struct Holdings: CustomStringConvertible {
  /// Of these each guest has so many.
  private(set) var sockets = 0
  private(set) var processes = 0
  private(set) var placeholders = 0

  /// Of Dispatch's queues, and the supervisor's own files: some are opened when they are first needed.
  private(set) var others: [String] = []
  /// Dispatch's own are not counted: how many it keeps is up to the load of the host, and to who asks how often.
  private(set) var threads = 0
  private(set) var zombies: [Int32] = []

  init() {}

  init(of supervisor: FleetProcess) throws {
    let folder = "/proc/\(supervisor.pid)/fd"
    // Up to 2 are its standard streams; at 3, where it keeps locks away, /dev/null stands or what was faster.
    for number in try FileSystem.names(in: folder).compactMap({ Int($0) }) where number > 3 {
      // One that closes while they are listed leads nowhere.
      guard let target = FileSystem.linkTarget("\(folder)/\(number)") else { continue }
      switch target {
      case let socket where socket.hasPrefix("socket:"): sockets += 1
      case "anon_inode:[pidfd]": processes += 1
      case "/dev/null": placeholders += 1
      // Of the library that sets the clock.
      case let file where file.hasPrefix("/dev/shm/faketime"): continue
      default: others.append(target)
      }
    }
    let tasks = try FileSystem.names(in: "/proc/\(supervisor.pid)/task")
    for task in tasks {
      // A thread that ends meanwhile has no name and no children.
      let name = try? FileSystem.read("/proc/\(supervisor.pid)/task/\(task)/comm")
      if name == Array("blocking\n".utf8) { threads += 1 }
      let children = (try? FileSystem.read("/proc/\(supervisor.pid)/task/\(task)/children")) ?? []
      let pids = String(decoding: children, as: UTF8.self).split(separator: " ").compactMap { Int32($0) }
      zombies += pids.filter { ProcessTable.use(pid: $0)?.state == "Z" }
    }
  }

  /// What each of so many guests has of it.
  func share(above idle: Holdings, of guests: Int) -> Holdings {
    var share = Holdings()
    share.sockets = (sockets - idle.sockets) / guests
    share.processes = (processes - idle.processes) / guests
    share.placeholders = (placeholders - idle.placeholders) / guests
    share.others = others
    return share
  }

  /// Whether it is no more, and no less, than so many guests take; what no guest takes has some room.
  func isWithin(idle: Holdings, each: Holdings, live: Int) -> Bool {
    sockets == idle.sockets + each.sockets * live && processes == idle.processes + each.processes * live
      && placeholders == idle.placeholders + each.placeholders * live
      && others.count <= each.others.count + 4 && threads <= Self.mostIdleThreads && zombies.isEmpty
  }

  /// So many are kept for the next work.
  private static let mostIdleThreads = 4

  var description: String {
    "\(sockets) sockets, \(processes) pidfds, \(placeholders) of /dev/null, \(threads) threads that block, zombies "
      + "\(zombies), and \(others)"
  }
}
