internal import Host

/// What a process holds at one moment, as /proc tells; corresponds to proc(5).
struct ProcessUse {
  let descriptors: Int
  let threads: Int
  let residentKiB: Double
  let children: Int

  /// Of all its threads, voluntary or not.
  let contextSwitches: Int

  init(pid: Int32) throws {
    descriptors = try FileSystem.names(in: "/proc/\(pid)/fd").count
    residentKiB = Double(try Self.number("VmRSS", in: "/proc/\(pid)/status"))
    let tasks = try FileSystem.names(in: "/proc/\(pid)/task")
    threads = tasks.count
    var (switches, children) = (0, 0)
    for task in tasks {
      let folder = "/proc/\(pid)/task/\(task)"
      // A thread may end while it is looked at: its share is then over.
      switches += (try? Self.number("voluntary_ctxt_switches", in: folder + "/status")) ?? 0
      switches += (try? Self.number("nonvoluntary_ctxt_switches", in: folder + "/status")) ?? 0
      children += (try? FileSystem.read(folder + "/children").count { $0 == UInt8(ascii: " ") }) ?? 0
    }
    contextSwitches = switches
    self.children = children
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
