internal import Glibc
internal import Host
internal import Machine

/// Who has a port of the host; corresponds to proc(5), `net/tcp` and `net/udp`.
enum PortHolder {
  /// A VM or a process, in words; nil when it cannot be found.
  ///
  /// `state` is the folder whose VMs are called by their names. Every descriptor of every process is looked at: some
  /// milliseconds. It blocks.
  static func words(of port: PortForward, state: String) -> String? {
    let name = port.transport == .tcp ? "tcp" : "udp"
    let bound = Set(["", "6"].flatMap { sockets(in: "/proc/net/\(name)\($0)", port: port.hostPort) })
    guard !bound.isEmpty, let pid = holder(of: bound) else { return nil }
    if let name = ImageLock.vm(heldBy: pid, state: state) {
      return "the VM \(name) (its QEMU is process \(pid))"
    }
    return ProcessTable.program(pid: pid).map { "process \(pid) (\($0))" } ?? "process \(pid)"
  }

  /// The inodes of the sockets that are bound to a port and connected to nobody.
  private static func sockets(in table: String, port: Int) -> [String] {
    // A protocol that the kernel does not have has no table.
    guard let bytes = try? FileSystem.read(table) else { return [] }
    let hexadecimal = String(port, radix: 16, uppercase: true)
    let wanted = ":" + String(repeating: "0", count: max(0, 4 - hexadecimal.count)) + hexadecimal
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst().compactMap { line in
      let fields = line.split(separator: " ")
      guard fields.count > 9, fields[1].hasSuffix(wanted), fields[2].hasSuffix(":0000") else { return nil }
      return String(fields[9])
    }
  }

  private static func holder(of sockets: Set<String>) -> Int32? {
    // Of a process that ends meanwhile, or is another user's, nothing can be seen.
    for name in (try? FileSystem.names(in: "/proc")) ?? [] {
      guard let pid = Int32(name), let descriptors = try? FileSystem.names(in: "/proc/\(pid)/fd") else {
        continue
      }
      for descriptor in descriptors {
        guard let target = FileSystem.linkTarget("/proc/\(pid)/fd/\(descriptor)"),
          target.hasPrefix("socket:[")
        else { continue }
        if sockets.contains(String(target.dropFirst(8).dropLast())) { return pid }
      }
    }
    return nil
  }
}
