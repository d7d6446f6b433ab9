internal import Host
internal import Machine

/// What tells a VM's own QEMU from whatever else may hold its lock: the guest's name and the UUID that its command line
/// was made with.
struct QEMUIdentity: Sendable, Equatable {
  /// The guest's name, without its lab.
  let guest: String

  /// The UUIDs that it may have; none when no file tells.
  let uuids: [UUID]

  /// How a command line names the VM.
  enum Match: Sendable, Equatable {
    /// It is QEMU's own.
    case own

    /// The program is another, which was given QEMU's command line to start it with.
    case wrapped
  }

  /// What a command line, the program first, says of this VM; nil when it is of something else.
  func match(_ words: [String]) -> Match? {
    guard let name = value(of: "-name", in: words),
      name == "guest=\(guest)" || name.hasPrefix("guest=\(guest),"),
      let uuid = value(of: "-uuid", in: words).flatMap(UUID.init), uuids.isEmpty || uuids.contains(uuid)
    else { return nil }
    return words.dropFirst().first == "-name" ? .own : .wrapped
  }

  private func value(of option: String, in words: [String]) -> String? {
    words.firstIndex(of: option).flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
  }

  /// The VM's QEMU among those that hold its lock; nil when none of them is.
  ///
  /// A wrapper that has started QEMU as a child of its own holds the lock as well: then the child is QEMU.
  func qemu(among holders: [LockHolder]) -> LockHolder? {
    let own = holders.filter { match($0.words) == .own }
    let parents = Set(own.compactMap { ProcessTable.parent(of: $0.process.pid) })
    return own.first { !parents.contains($0.process.pid) } ?? holders.first { match($0.words) == .wrapped }
  }
}
