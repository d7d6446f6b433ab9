internal import Control
internal import Host
internal import Machine

// A start that waits for the download of what a disk stands on, or for the copy of an image.
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

  /// Holds the start back until the image is copied.
  ///
  /// The VM's folders stay until a copy has ended, whoever waits for it still.
  func awaitCopy(_ disk: OwnImage, of base: BaseImage, _ tool: DiskTool?) {
    let (work, earlier) = (ImageWork(), copying)
    imageCopy = (work, disk)
    holds += 1
    preparations += 1
    apply(.hold(for: .job("its image \(base.path) is being copied")))
    copying = Task {
      // One that was called off may be about to end.
      await earlier?.value
      let failure = await services.copyImage(disk, tool, work)
      preparations -= 1
      removeIfForgotten()
      // Nobody waits for it any more, or for another one.
      guard imageCopy?.work === work else { return }
      imageCopy = nil
      launch = nil
      imageFailure = failure
      apply(.release)
    }
  }

  /// A wait that is over, for the VM is to end, or for another reason, keeps no job alive.
  func leaveImageIfUnwanted() {
    if lifecycle.state != .waiting || lifecycle.intent.hold?.isJob != true { leaveImage() }
  }

  /// A definition that needs another image, or none, is not held back by this one.
  func leaveImageIfOther() {
    let isMeant: Bool
    if let wait = imageWait {
      isMeant = launch?.missingImages.contains(wait.image) == true
    } else if let disk = imageCopy?.disk {
      isMeant =
        launch?.ownImages.contains {
          $0.path == disk.path && $0.content.base?.path == disk.content.base?.path
        } == true
    } else {
      return
    }
    guard !isMeant else { return }
    leaveImage()
    apply(.release)
  }

  private func leaveImage() {
    imageCopy?.work.cancel()
    imageCopy = nil
    guard let wait = imageWait else { return }
    imageWait = nil
    Task { await services.leaveImage(wait) }
  }

  /// How far the job is that it waits for, for whoever asks.
  var progressOfWait: (@Sendable () -> String?)? {
    if let imageWait { return { imageWait.words } }
    guard let work = imageCopy?.work else { return nil }
    return { work.words }
  }

  /// What it waits for has come further.
  func tellCourse() {
    guard imageWait != nil || imageCopy != nil, isDefined else { return }
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
