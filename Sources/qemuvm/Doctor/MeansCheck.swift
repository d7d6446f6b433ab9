internal import Glibc
internal import Host

/// What the host can give: memory, large pages, limits of a process.
struct MeansCheck {
  func findings() -> [Finding] { [memory, hugepages, openFiles, watches].compactMap { $0 } }

  /// Less than that is free on a host that is at its end, in bytes.
  private static let scarce: UInt64 = 512 << 20

  private var meminfo: [Substring] { HostText.lines("/proc/meminfo") }

  private var memory: Finding? {
    let lines = meminfo
    guard let total = HostText.number("MemTotal", in: lines),
      let available = HostText.number("MemAvailable", in: lines)
    else { return nil }
    let swap = HostText.number("SwapTotal", in: lines) ?? 0
    let text =
      "\(Quantity.bytes(available << 10)) of \(Quantity.bytes(total << 10)) to be had"
      + (swap > 0 ? ", \(Quantity.bytes(swap << 10)) of swap" : ", no swap")
    guard available << 10 < Self.scarce else { return .ok("memory", text) }
    return .warning("memory", text + ": the kernel may kill guests", "Stop VMs, or give them less memory.")
  }

  private var hugepages: Finding? {
    let lines = meminfo
    guard let total = HostText.number("HugePages_Total", in: lines),
      let free = HostText.number("HugePages_Free", in: lines),
      let size = HostText.number("Hugepagesize", in: lines)
    else { return nil }
    guard total > 0 else {
      return .ok(
        "hugepages", "none reserved; 'sysctl vm.nr_hugepages=N' reserves N of \(Quantity.bytes(size << 10))")
    }
    return .ok("hugepages", "\(free) of \(total) free, \(Quantity.bytes(size << 10)) each")
  }

  /// Each VM takes some descriptors of the supervisor's.
  private var openFiles: Finding? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
    let text =
      "a process may have \(Self.number(limit.rlim_cur)) open files, at most \(Self.number(limit.rlim_max))"
    guard limit.rlim_cur < 1024 else { return .ok("open files", text) }
    return .warning(
      "open files", text + ": too few for many VMs", "ulimit -n 4096, or LimitNOFILE= in the unit")
  }

  private static func number(_ limit: rlim_t) -> String { limit > 1 << 62 ? "any number of" : "\(limit)" }

  /// The supervisor watches folders and logs; inotify(7).
  private var watches: Finding? {
    guard let most = HostText.file("/proc/sys/fs/inotify/max_user_instances"), let number = Int(most) else {
      return nil
    }
    guard number < 64 else { return .ok("inotify", "a user may have \(number) watches of folders") }
    return .warning(
      "inotify", "a user may have \(number) watches of folders only, and every command that waits takes one",
      "sysctl fs.inotify.max_user_instances=256")
  }
}
