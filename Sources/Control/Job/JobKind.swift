/// What a job of qemuvm's own does.
package enum JobKind: String, Sendable, Hashable, CaseIterable {
  /// Takes a file into the image store.
  case imageAdd = "image-add"

  /// Downloads an image into the store.
  case imagePull = "image-pull"

  /// Copies an image for a disk of a VM's own.
  case diskCopy = "disk-copy"

  /// Reads images of the store again, and compares them with their checksums.
  case imageVerify = "image-verify"
}
