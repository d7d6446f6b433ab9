import Glibc
import Host
import Machine
import Testing

@Suite("Shell quoting")
struct ShellTextTests {
  @Test(
    "Only what needs quotes gets them",
    arguments: [
      ("plain", "plain"), ("/a/b-c_d.e,f=g:h@i%j+k", "/a/b-c_d.e,f=g:h@i%j+k"), ("", "''"), ("a b", "'a b'"),
      ("it's", #"'it'\''s'"#), ("$HOME", "'$HOME'"), ("~", "'~'"), ("{\"a\":1}", "'{\"a\":1}'"), ("é", "'é'"),
      ("a\nb", "'a\nb'"), ("'", #"''\'''"#),
    ])
  func quotes(_ word: String, _ quoted: String) {
    #expect(ShellText.quote(word) == quoted)
  }

  @Test("A shell reads back the very words")
  func readsBack() throws {
    let words = [
      "", "a b", "it's", "\"", "\\", "$(id)", "`id`", "a\nb", "*", "!x", "-n", "é\t", "''", #"\'"#, "{a,b}",
      "#",
    ]
    let pipe = try FileDescriptor.pipe()
    var launch = ChildProcess.Launch(
      program: "/bin/sh", arguments: ["-c", "printf '%s\\0' \(ShellText.quote(words))"])
    launch.descriptors = [1: pipe.writeEnd.rawValue]
    let shell = try ChildProcess(launch)
    let output = pipe.takeReadEnd()
    var bytes: [UInt8] = []
    while true {
      let more = try output.read(upTo: 4096)
      if more.isEmpty { break }
      bytes += more
    }
    #expect(shell.wait() == .code(0))
    let read = bytes.split(separator: 0, omittingEmptySubsequences: false).map {
      String(decoding: $0, as: UTF8.self)
    }
    #expect(read.dropLast() == words[...])
  }
}
