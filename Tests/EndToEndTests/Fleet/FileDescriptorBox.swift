import Host

/// A descriptor that tuples and closures can carry.
final class FileDescriptorBox: Sendable {
  let descriptor: FileDescriptor

  init(_ descriptor: consuming FileDescriptor) {
    self.descriptor = descriptor
  }
}
