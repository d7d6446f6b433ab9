internal import Host

/// A probe of a guest through a port of the host's that is under way.
///
/// Owned by the VM's actor.
final class PortProbe {
  /// The probe that it is, by the health check's number.
  let number: Int

  /// When it ends without an answer.
  let deadline: Instant
  let forward: (host: String, port: Int)
  var watch: PortWatch?

  init(_ number: Int, deadline: Instant, host: String, port: Int) {
    self.number = number
    self.deadline = deadline
    forward = (host, port)
  }
}

/// The connections of QEMU's own network to one port of the guest; QEMU: `info usernet`.
///
/// A forwarded port takes every connection at once: whether the guest has, only QEMU knows.
struct GuestConnections {
  /// Whether the guest has taken a connection and none waits for it to do so.
  let areTaken: Bool

  /// Reads the table: a line has `TCP[STATE]`, a descriptor, and both ends' addresses and ports.
  init(usernet table: String, guestPort: Int) {
    let states = table.split(whereSeparator: \.isNewline).compactMap { line -> Substring? in
      let fields = line.split(separator: " ")
      guard fields.count > 5, fields[5] == "\(guestPort)", fields[0].hasPrefix("TCP["), fields[0].last == "]"
      else { return nil }
      return fields[0].dropFirst(4).dropLast()
    }
    areTaken = states.contains("ESTABLISHED") && !states.contains { $0.hasPrefix("SYN_") }
  }
}
