internal import Glibc
internal import Host

/// What a process holds at one moment, as /proc tells; corresponds to proc(5).
struct ProcessUse {
  let descriptors: Int
  let threads: Int
  let residentKiB: Double
  let children: Int

  /// User and system, of all its threads that ever were.
  let cpuTime: Duration

  /// Voluntary or not, by the thread's number.
  private let contextSwitches: [String: Int]

  /// What it holds once everything begun is done.
  ///
  /// QMP's deadlines and the trimming of the heap come due after five seconds, and the threads that this woke end five
  /// seconds later. There is nothing else to wait for.
  static func atRest(pid: Int32) throws -> ProcessUse {
    sleep(15)
    return try ProcessUse(pid: pid)
  }

  init(pid: Int32) throws {
    descriptors = try FileSystem.names(in: "/proc/\(pid)/fd").count
    residentKiB = Double(try Self.number("VmRSS", in: "/proc/\(pid)/status"))
    let tasks = try FileSystem.names(in: "/proc/\(pid)/task")
    threads = tasks.count
    cpuTime = ProcessTable.use(pid: pid)?.cpuTime ?? .zero
    var switches: [String: Int] = [:]
    var children = 0
    for task in tasks {
      let folder = "/proc/\(pid)/task/\(task)"
      // A thread may end while it is looked at: its share is then over.
      let voluntary = (try? Self.number("voluntary_ctxt_switches", in: folder + "/status")) ?? 0
      let forced = (try? Self.number("nonvoluntary_ctxt_switches", in: folder + "/status")) ?? 0
      switches[task] = voluntary + forced
      children += (try? FileSystem.read(folder + "/children").count { $0 == UInt8(ascii: " ") }) ?? 0
    }
    contextSwitches = switches
    self.children = children
  }

  /// Context switches of all its threads since an earlier look.
  ///
  /// The kernel forgets those of a thread that has ended: it counts for the one that its end took.
  func contextSwitches(since earlier: ProcessUse) -> Int {
    let ended = earlier.contextSwitches.keys.count { contextSwitches[$0] == nil }
    return contextSwitches.reduce(ended) { $0 + $1.value - (earlier.contextSwitches[$1.key] ?? 0) }
  }

  private static func number(_ key: String, in file: String) throws -> Int {
    let text = String(decoding: try FileSystem.read(file), as: UTF8.self)
    for line in text.split(separator: "\n") where line.hasPrefix(key + ":") {
      if let number = line.split(whereSeparator: { $0 == "\t" || $0 == " " }).dropFirst().first.flatMap({
        Int($0)
      }) {
        return number
      }
    }
    throw MeasurementFailure("\(file) has no \(key)")
  }
}
