internal import Host
internal import Machine

/// What memory this host can give at all; corresponds to meminfo(5).
enum HostMemory {
  /// Why a guest cannot have so much, in words; nil when it can, or when that is not known.
  ///
  /// The kernel refuses it by the same measure, unless it was told to promise anything (proc(5), overcommit_memory).
  static func refusal(_ wanted: ByteCount) -> String? {
    // Without /proc nothing is known, and QEMU will tell.
    guard let mode = try? FileSystem.read("/proc/sys/vm/overcommit_memory"), mode.first != UInt8(ascii: "1"),
      let bytes = try? FileSystem.read("/proc/meminfo")
    else { return nil }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    guard let total = value("MemTotal", in: lines) else { return nil }
    let swap = value("SwapTotal", in: lines) ?? 0
    guard wanted.bytes > total + swap else { return nil }
    let most = ByteCount(bytes: (total + swap) & ~0xF_FFFF)
    return "\(wanted) is more than this host has: \(most)\(swap > 0 ? ", with its swap" : "")"
  }

  /// A number of kilobytes, in bytes.
  private static func value(_ key: String, in lines: [Substring]) -> UInt64? {
    let line = lines.first { $0.prefix { $0 != ":" } == key }
    return line?.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }.map { $0 << 10 }
  }
}
