internal import Control
internal import Glibc
internal import Host
internal import Synchronization

/// The admin's own program that is run for each incident: `hooks/vm` of the configuration folder.
///
/// Its arguments are the kind of incident and the VM. It runs on a lane of its own, one incident after another, and
/// only where root or this user has put it there. What takes too long is ended, what comes too often left out. Safe on
/// any thread.
final class Hook: Sendable {
  /// How many incidents may wait for it.
  private static let mostWaiting = 32

  /// How long it may take.
  private static let patience = Duration.seconds(30)

  private let locations: Locations
  private let lane: Lane
  private let waiting = Atomic<Int>(0)

  init(_ locations: Locations, _ lanes: Lanes) {
    self.locations = locations
    lane = lanes["the hook \(locations.hook)"]
  }

  /// Runs it behind the incidents that came before; nobody waits for that.
  func tell(_ incident: Incident) {
    guard waiting.add(1, ordering: .relaxed).newValue <= Self.mostWaiting else {
      waiting.subtract(1, ordering: .relaxed)
      return Log.note(
        "\(locations.hook): not run for \(incident.name), too many incidents wait for it", .warning)
    }
    lane.add { [self] in
      run(incident)
      waiting.subtract(1, ordering: .relaxed)
    }
  }

  private func run(_ incident: Incident) {
    let path = locations.hook
    guard FileSystem.exists(path) else { return }
    do throws(UntrustedFile) {
      try locations.requireTrust(in: path)
    } catch {
      return Log.note("\(error)", .warning)
    }
    let program = HostTool(kind: HostTool.Kind(program: "it", advice: ""), path: path)
    do throws(HostTool.Failure) {
      try program.run(
        [incident.kind.rawValue, "\(incident.name)"],
        adding: [
          "QEMUVM_EVENT=\(incident.kind.rawValue)", "QEMUVM_VM=\(incident.name.name)",
          "QEMUVM_LAB=\(incident.name.lab ?? "")", "QEMUVM_CAUSE=\(incident.cause)",
          "QEMUVM_RESTARTS=\(incident.restarts)",
        ], within: Self.patience)
    } catch {
      let words =
        switch error {
        case .system(let error): "\(error)"
        case .missing: "it is not there"
        case .words(let words): words
        }
      Log.note("\(path), for \(incident.name): \(words)", .warning)
    }
  }
}

extension Locations {
  /// The admin's own program for incidents.
  var hook: String { configuration + "/hooks/vm" }
}
