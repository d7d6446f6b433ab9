import Glibc
import Host

/// A folder for one test, removed with all that is in it when the test lets go of it.
final class TemporaryFolder: Sendable {
  let path: String

  init(in parent: String = "/tmp") throws {
    var template = Array("\(parent)/qemuvm-host-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp") }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit {
    // A test that has emptied it already has nothing to remove.
    try? FileSystem.removeTree(path)
  }

  func file(_ name: String) -> String { path + "/" + name }

  func write(_ name: String, _ text: String) throws {
    let file = try FileDescriptor.open(file(name), O_WRONLY | O_CREAT | O_TRUNC)
    try file.write(Array(text.utf8))
  }

  func text(_ name: String) throws -> String {
    String(decoding: try FileSystem.read(file(name)), as: UTF8.self)
  }
}

extension AsyncSequence where Element: Sendable {
  /// All elements, when the sequence has ended.
  func collect() async rethrows -> [Element] {
    var elements: [Element] = []
    for try await element in self { elements.append(element) }
    return elements
  }
}
