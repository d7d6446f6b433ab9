internal import Control
internal import Host
package import Machine

/// The files that a VM's disks use, as they were found when its start was made ready.
package struct ImageHolding: Sendable {
  package let vm: VMName
  package let uses: [ImageUse]
}

/// Whether a VM's disks are its own: an image that is written to has one user.
///
/// QEMU would refuse the second as well, in half a sentence, once it has been started. It blocks on the VM's own
/// files, never on another's.
struct ImageCheck: Sendable {
  let holding: ImageHolding

  /// The state folder, whose VMs are called by their names.
  let state: String

  /// Refuses the VM an image that another VM of the fleet uses and, for a start, one that anybody holds.
  func check(beside others: [ImageHolding], starting: Bool) throws(ControlError) {
    for other in others {
      guard let (use, taken) = ImageUse.conflict(holding.uses, other.uses) else { continue }
      throw refusal(
        "\(use.key): \(use.reason(against: taken, of: "the VM \(other.vm)"))",
        advice: "'qemuvm stop \(other.vm)' ends its use.")
    }
    guard starting else { return }
    for use in holding.uses {
      // What cannot be asked is QEMU's to say.
      guard (try? ImageLock.isHeld(use.path, readOnly: !use.isWritten)) == true else { continue }
      throw refusal(
        "\(use.key) \(use.image): \(reason(use))", advice: "End that, or give this VM an image of its own.")
    }
  }

  /// Who holds a file that QEMU found locked, in words.
  func holder(of path: String) -> String {
    let image = holding.uses.contains { $0.image == path } ? "the image" : path
    // QEMU found it locked for what it wanted; what cannot be asked any more has let go.
    guard (try? ImageLock.isHeld(path, readOnly: false)) == true else {
      return "\(image) was in use: another process had it locked, and has let go of it since"
    }
    return "\(image) is in use: \(ImageLock.holder(of: path, state: state))"
  }

  private func reason(_ use: ImageUse) -> String {
    let subject = use.path == use.image ? "" : "it stands on \(use.path): "
    return "\(subject)the image is in use: \(ImageLock.holder(of: use.path, state: state))"
  }

  private func refusal(_ reason: String, advice: String) -> ControlError {
    .cannot("start", holding.vm, reason, .imageInUse, advice: [advice])
  }
}
