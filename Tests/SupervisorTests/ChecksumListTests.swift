import JSON
import Machine
import Testing

@testable import Supervisor

/// A publisher's file of checksums, in each of its usual forms.
@Suite("A list of checksums") struct ChecksumListTests {
  private static let short = String(repeating: "a1", count: 32)
  private static let long = String(repeating: "b2", count: 64)

  private func find(_ name: String, in text: String) throws(ChecksumList.Fault) -> RemoteImage.Checksum {
    try ChecksumList(Array(text.utf8)).checksum(of: name)
  }

  @Test(
    "has a file's checksum",
    arguments: [
      "\(short)  a.qcow2\n", "\(short) *a.qcow2", "\(short)  ./a.qcow2\r\n", "\(short.uppercased())\ta.qcow2",
      "SHA256 (a.qcow2) = \(short)", "SHA2-256(a.qcow2)= \(short)", "\(short)\n",
      "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n# a.qcow2: 1 bytes\nSHA256 (a.qcow2) = \(short)\n",
      "\(String(repeating: "c3", count: 32))  b.qcow2\n\(short)  a.qcow2\n\(short)  a.qcow2\n",
    ])
  func forms(text: String) throws {
    #expect(try find("a.qcow2", in: text) == .sha256(Self.short))
  }

  @Test("has the strongest of several, and none that is weak, of another file, or not the only one")
  func choice() throws {
    #expect(try find("a", in: "\(Self.short)  a\n\(Self.long)  a\n") == .sha512(Self.long))
    #expect(
      try find("a", in: "SHA512 (a) = \(Self.long)\nMD5 (a) = \(Self.short.prefix(32))") == .sha512(Self.long)
    )
    #expect(throws: ChecksumList.Fault.weak) { try find("a", in: "\(Self.short.prefix(40))  a\n") }
    for text in [
      "", "\(Self.short)  b", "\(Self.short)  dir/a", "\(Self.short)\n\(Self.short)  b", "a  \(Self.short)",
    ] {
      #expect(throws: ChecksumList.Fault.absent, "\(text)") { try find("a", in: text) }
    }
    let other = String(repeating: "d4", count: 32)
    #expect(throws: ChecksumList.Fault.ambiguous) { try find("a", in: "\(Self.short)  a\n\(other)  a\n") }
  }

  @Test("A server's reply is the last of those that lead to it")
  func replies() {
    let head = "HTTP/1.1 302 Found\r\nContent-Length: 7\r\n\r\nHTTP/2 206 \r\ncontent-length:  12\r\n"
    #expect(HTTPReply(Array(head.utf8)).status == 206)
    #expect(HTTPReply(Array(head.utf8)).length == 12)
    #expect(
      HTTPReply(Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\n".utf8)).length == nil)
  }

  @Test("An address is shown without what lets somebody in, and names its file")
  func addresses() throws {
    let image = try RemoteImage(
      url: "https://me:secret@a.org/x/b.qcow2.xz?token=secret#part", checksum: .sha256(Self.short))
    #expect(image.shown == "https://a.org/x/b.qcow2.xz")
    #expect(image.fileName == "b.qcow2.xz" && image.imageName == "b.qcow2" && image.packing == .xz)
    #expect(try RemoteImage(json: .object(image.json)) == image)
    for url in [
      "https://", "https://a.org", "https://a.org/", "https://a.org/a b", "https://a.org/\"", "-o/a", "a/b",
    ] {
      #expect(throws: RemoteImage.Fault.self, "\(url)") {
        try RemoteImage(url: url, checksum: .sha256(Self.short))
      }
    }
  }
}
