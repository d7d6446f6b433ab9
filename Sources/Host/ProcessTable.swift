internal import Glibc

/// What /proc tells of processes; corresponds to proc(5).
package enum ProcessTable {
  /// The processes of this user whose descriptor `number` is a file below a folder that it has locked, with that file's
  /// path.
  ///
  /// A file that was removed since is named as it was. One pass over /proc: about 1 ms for 70 processes.
  package static func processes(
    holding number: Int32, below folder: String
  ) -> [(pid: Int32, file: String)] {
    let uid = getuid()
    var found: [(pid: Int32, file: String)] = []
    // Without /proc nothing can be found, nor anything else done here.
    for name in (try? FileSystem.names(in: "/proc")) ?? [] {
      guard let pid = Int32(name), FileSystem.owner(of: "/proc/\(name)") == uid else { continue }
      guard let file = heldFile(pid: pid, descriptor: number), file.hasPrefix(folder + "/"),
        holdsLock(pid: pid, descriptor: number)
      else { continue }
      found.append((pid, file))
    }
    return found
  }

  /// The file a process holds at a descriptor number, also one that was removed since; nil when none.
  package static func heldFile(pid: Int32, descriptor number: Int32) -> String? {
    guard let target = FileSystem.linkTarget("/proc/\(pid)/fd/\(number)"), target.hasPrefix("/") else {
      return nil
    }
    return target.hasSuffix(removedMark) ? String(target.dropLast(removedMark.count)) : target
  }

  /// Whether a process's descriptor is of an open file that holds a flock(2): `lock:` in proc(5)'s fdinfo.
  package static func holdsLock(pid: Int32, descriptor number: Int32) -> Bool {
    // No such file: no such descriptor.
    guard let bytes = try? FileSystem.read("/proc/\(pid)/fdinfo/\(number)") else { return false }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains {
      $0.hasPrefix("lock:") && $0.contains("FLOCK") && $0.contains("WRITE")
    }
  }

  /// The path by which a file is reached that a process has open and somebody has removed; nil where there is none.
  package static func place(ofRemoved file: String, in pid: Int32) -> String? {
    let folder = "/proc/\(pid)/fd"
    // No folder: no process.
    return ((try? FileSystem.names(in: folder)) ?? []).map { "\(folder)/\($0)" }.first {
      FileSystem.linkTarget($0) == file + removedMark
    }
  }

  /// What proc(5) puts behind the name of a file that was removed.
  private static let removedMark = " (deleted)"

  /// The name of the program that a process runs; nil when it is gone.
  package static func program(pid: Int32) -> String? {
    if let path = arguments(pid: pid)?.first, let name = path.split(separator: "/").last {
      return String(name)
    }
    // A process without a command line has at least the kernel's name for it.
    return (try? FileSystem.read("/proc/\(pid)/comm")).map { String(decoding: $0.dropLast(), as: UTF8.self) }
  }

  /// The process that started another, or that has taken it over; nil when it is gone.
  package static func parent(of pid: Int32) -> Int32? {
    fields(of: "/proc/\(pid)/stat").flatMap { $0.count > 1 ? Int32($0[1]) : nil }
  }

  /// A process's command line, the program first; nil when it is gone.
  package static func arguments(pid: Int32) -> [String]? {
    // No file, or an empty one: the process is gone.
    guard let bytes = try? FileSystem.read("/proc/\(pid)/cmdline"), !bytes.isEmpty else { return nil }
    return bytes.dropLast().split(separator: 0, omittingEmptySubsequences: false).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// What a process has used so far.
  package struct Use: Sendable, Equatable {
    package let cpuTime: Duration
    package let residentBytes: Int64

    /// One letter, as ps(1) has it, such as D or Z.
    package let state: Character
  }

  /// The use of a process, or nil when it is gone.
  package static func use(pid: Int32) -> Use? {
    guard let fields = fields(of: "/proc/\(pid)/stat"), fields.count > 21, let time = cpuTime(fields),
      let pages = Int64(fields[21]), let state = fields[0].first
    else { return nil }
    return Use(cpuTime: time, residentBytes: pages * Int64(sysconf(Int32(_SC_PAGESIZE))), state: state)
  }

  /// When a process was started, in the kernel's ticks since the boot; nil when it is gone.
  package static func startTicks(pid: Int32) -> Int? {
    guard let fields = fields(of: "/proc/\(pid)/stat"), fields.count > 19 else { return nil }
    return Int(fields[19])
  }

  /// The same by today's clock.
  package static func startTime(pid: Int32) -> Timestamp? {
    guard let ticks = startTicks(pid: pid) else { return nil }
    let age = Instant.now - Instant(nanoseconds: Int64(ticks) * nanosecondsPerTick)
    return Timestamp(microseconds: Timestamp.now.microseconds - age.nanoseconds / 1000)
  }

  private static let nanosecondsPerTick = 1_000_000_000 / max(1, Int64(sysconf(Int32(_SC_CLK_TCK))))

  /// utime and stime.
  private static func cpuTime(_ fields: [Substring]) -> Duration? {
    guard fields.count > 12, let user = Int64(fields[11]), let system = Int64(fields[12]) else { return nil }
    return .nanoseconds((user + system) * nanosecondsPerTick)
  }

  /// The time that a QEMU's vCPU threads have run; nil when there is none, or the process is gone.
  ///
  /// They are known by their names, `CPU 0/KVM` or `ALL CPUs/TCG`, which `-name debug-threads=on` gives them. In
  /// nanoseconds where the kernel keeps schedstat, else in ticks.
  package static func vcpuTime(pid: Int32) -> Duration? {
    // As `stat`: the kernel counts, and asks nobody.
    SharedQueues.allowBlocking {
      let times = threadTimes(pid)
      return times.isEmpty ? nil : .nanoseconds(times.reduce(0) { $0 + $1.time })
    }
  }

  /// The same of each of those threads, in the order of the vCPUs.
  package static func vcpuTimes(pid: Int32) -> [Duration] {
    SharedQueues.allowBlocking {
      threadTimes(pid).sorted { $0.vcpu < $1.vcpu }.map { .nanoseconds($0.time) }
    }
  }

  private static func threadTimes(_ pid: Int32) -> [(vcpu: Int, time: Int64)] {
    let folder = "/proc/\(pid)/task"
    // No folder: no process.
    return ((try? FileSystem.names(in: folder)) ?? []).compactMap { task in
      // A thread that ends meanwhile is none of a vCPU's.
      guard let name = try? FileSystem.read("\(folder)/\(task)/comm"),
        name.starts(with: "CPU ".utf8) || name.starts(with: "ALL CPUs".utf8),
        let time = threadTime("\(folder)/\(task)")
      else { return nil }
      let number = String(decoding: name.dropFirst(4).prefix { (48...57).contains($0) }, as: UTF8.self)
      return (Int(number) ?? 0, time)
    }
  }

  /// What a thread has run, in nanoseconds.
  private static func threadTime(_ folder: String) -> Int64? {
    // A kernel without schedstat has the coarser figure.
    if let bytes = try? FileSystem.read(folder + "/schedstat"),
      let first = String(decoding: bytes, as: UTF8.self).split(separator: " ").first
    {
      return Int64(first)
    }
    return fields(of: folder + "/stat").flatMap(cpuTime)?.nanoseconds
  }

  /// Whether a process is ending, or has ended: from before it closes the first of its descriptors on.
  ///
  /// PF_EXITING of the kernel's flags in `stat`, see proc(5); of the last thread of a process, which closes them, it is
  /// set when that of the first is.
  package static func isEnding(pid: Int32) -> Bool {
    guard let fields = fields(of: "/proc/\(pid)/stat"), fields.count > 6, let flags = UInt64(fields[6]) else {
      return true
    }
    return fields[0] == "Z" || fields[0] == "X" || flags & 0x4 != 0
  }

  /// How a process ended, as waitpid(2)'s word, as long as its parent has not reaped it; else nil.
  static func exitWord(pid: Int32) -> Int32? {
    guard let fields = fields(of: "/proc/\(pid)/stat"), fields.count > 49, fields[0] == "Z" else {
      return nil
    }
    return Int32(fields[49])
  }

  /// The fields of a process's or thread's `stat` from the third on, the state; nil when it is gone.
  private static func fields(of file: String) -> [Substring]? {
    // The kernel makes it of figures that it has at hand; unlike `cmdline`, which lies in the process's own memory, it
    // waits neither for that process nor for a disk. Gone: no file.
    let bytes = SharedQueues.allowBlocking { try? FileSystem.read(file) }
    guard let bytes else { return nil }
    // The name, second, stands in parentheses and may hold anything; what follows the last one is plain.
    let text = String(decoding: bytes, as: UTF8.self)
    guard let end = text.lastIndex(of: ")") else { return nil }
    return text[text.index(after: end)...].split { $0 == " " || $0 == "\n" }
  }
}
