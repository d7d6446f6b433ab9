internal import Host

/// Counts the processes that the kernel kills for want of memory; `oom_kill` of /proc/vmstat, see proc(5).
struct OOMCounter {
  private let read: @Sendable () -> Int?
  private var last: Int?

  /// Counts from here on.
  init(_ read: @escaping @Sendable () -> Int? = Self.kernelCount) {
    self.read = read
    last = read()
  }

  /// Those killed since the last call; nil where the kernel does not tell.
  mutating func take() -> Int? {
    let now = read()
    defer { last = now }
    guard let now, let last, now >= last else { return nil }
    return now - last
  }

  @Sendable static func kernelCount() -> Int? {
    // Without /proc nothing is known, and nothing is said.
    guard let bytes = try? FileSystem.read("/proc/vmstat") else { return nil }
    let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").last {
      $0.hasPrefix("oom_kill ")
    }
    return line.flatMap { Int($0.dropFirst("oom_kill ".count)) }
  }
}
