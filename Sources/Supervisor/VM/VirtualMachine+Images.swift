internal import Control
internal import Host
internal import Machine

// A start that waits for the download of what a disk stands on.
extension VirtualMachine {
  /// Holds the start back until the image is there; it is decided anew then, or fails.
  func awaitImage(_ image: RemoteImage) {
    let wait = ImageWait(image)
    imageWait = wait
    holds += 1
    apply(.hold(for: .job("its image is being downloaded from \(image.shown)")))
    Task {
      let failure = await services.awaitImage(wait, self)
      // Nobody waits for it any more, or for another one.
      guard imageWait === wait else { return }
      imageWait = nil
      launch = nil
      imageFailure = failure.map { .image(image, $0, name) }
      apply(.release)
    }
  }

  /// A wait that is over, for the VM is to end, or for another reason, keeps no download alive.
  func leaveImageIfUnwanted() {
    guard let wait = imageWait, lifecycle.state != .waiting || lifecycle.intent.hold?.isJob != true else {
      return
    }
    imageWait = nil
    Task { await services.leaveImage(wait) }
  }

  /// A definition that needs another image, or none, is not held back by this one.
  func leaveImageIfOther() {
    guard let wait = imageWait, launch?.missingImages.contains(wait.image) != true else { return }
    imageWait = nil
    Task { await services.leaveImage(wait) }
    apply(.release)
  }

  /// The download has come further.
  func tellCourse() {
    guard imageWait != nil, isDefined else { return }
    services.changed(report)
  }
}

extension ControlError {
  /// What is said of a start whose image cannot be had.
  static func image(_ image: RemoteImage, _ failure: JobFailure, _ name: VMName) -> ControlError {
    var lines = failure.words.split(separator: "\n").map { String($0.drop { $0 == " " }) }
    let reason = lines.isEmpty ? "" : lines.removeFirst()
    return .cannot("start", name, "its image is not there: \(reason)", .file, advice: lines)
  }
}
