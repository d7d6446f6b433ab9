import Glibc
import Host

/// A folder of a test's own, gone with the last reference to it.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/qemuvm-test.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp") }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit {
    // A test has passed or failed by now; a folder that stays behind changes neither.
    try? FileSystem.removeTree(path)
  }

  func file(_ name: String) -> String { path + "/" + name }

  func write(_ bytes: [UInt8], to name: String) throws {
    try FileSystem.replace(file(name), with: bytes, durable: false)
  }
}
