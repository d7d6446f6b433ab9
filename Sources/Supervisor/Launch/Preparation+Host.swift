internal import Control
internal import Glibc
internal import Host
internal import Machine

// What is looked for on the host besides files.
extension Preparation {
  /// What a running guest has itself is looked for before its start alone.
  func lookAtHost(
    for machine: Machine, _ name: VMName, _ purpose: Purpose, _ origins: Origins
  ) throws(ControlError) {
    for (key, need) in machine.hostNeeds where purpose == .start || !need.isPassing {
      guard let unmet = need.unmet() else { continue }
      throw .cannot(
        "start", name, "\(key): \(unmet.words)", advice: [unmet.advice] + Self.place(key, origins))
    }
  }

  /// The first port that a user may take; ip(7).
  private static var firstPortOfUsers: Int {
    // Where the kernel does not tell it is the customary one.
    let text = (try? FileSystem.read("/proc/sys/net/ipv4/ip_unprivileged_port_start")).map {
      String(decoding: $0, as: UTF8.self).filter(\.isNumber)
    }
    return text.flatMap { Int($0) } ?? 1024
  }

  func lookAtPorts(of machine: Machine, _ name: VMName) throws(ControlError) {
    for port in machine.hostPorts {
      guard let reason = PortCheck.refusal(port) else { continue }
      let holder = reason.code == EADDRINUSE ? PortHolder.words(of: port, state: state.path) : nil
      let words = holder.map { "is in use: \($0) has it" } ?? "cannot be taken: \(reason.reason)"
      let advice =
        reason.code == EACCES
        ? "A port below \(Self.firstPortOfUsers) is root's alone: name another with the key ports, or give users this one, as "
          + "root: 'sysctl net.ipv4.ip_unprivileged_port_start=\(port.hostPort)'."
        : "Name another with the key ports, or end what has it ('ss -lntup' lists them)."
      throw .cannot(
        "start", name, "the host port \(port) \(words)", .portInUse, advice: [advice])
    }
  }
}
