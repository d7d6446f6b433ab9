import Testing

@testable import qemuvm

@Suite("What a shell offers") struct CompletionTests {
  private static func words(_ line: String...) -> [String] {
    CompletionPlace(line, verbs: VerbTable.verbs).words().map(\.word)
  }

  private static func completion(_ line: String...) -> Completion {
    CompletionPlace(line, verbs: VerbTable.verbs).completion
  }

  @Test("The first word is a command, or the noun of several")
  func verbs() {
    #expect(Self.words("").count > 30)
    #expect(Self.words("una") == [])
    #expect(Self.words("unp") == ["unpause"])
    #expect(Self.words("imag") == ["image"])
    #expect(Self.words("image", "r") == ["rm"])
    #expect(Self.words("help", "unp") == ["unpause"])
    #expect(!Self.words("").contains(Complete.name))
  }

  @Test("Options are offered by the declarations, and one that is given is not, unless it may be repeated")
  func options() {
    #expect(Self.words("up", "--prof") == ["--profile"])
    #expect(Self.words("up", "--profile", "linux", "--prof") == [])
    #expect(Self.words("up", "--disk", "a", "--disk") == ["--disk", "--disk-size"])
    #expect(Self.words("supervisor", "status", "-") == ["--json", "--host", "--help"])
    #expect(Self.words("ssh", "web", "--", "--prof") == [])
  }

  @Test("An option's values are its own, as a word of their own or behind =")
  func values() {
    #expect(Self.words("up", "--wait", "") == ["running", "healthy"])
    #expect(Self.words("up", "--wait=he") == ["--wait=healthy"])
    // As bash has it.
    #expect(Self.words("up", "--wait", "=", "he") == ["healthy"])
    #expect(Self.words("up", "--wait", "=") == ["running", "healthy"])
    #expect(Self.words("update", "web", "--restart", "al") == ["always"])
    #expect(Self.words("completion", "z") == ["zsh"])
  }

  @Test("What is named is told apart: VMs, labs, profiles, images, files")
  func kinds() {
    #expect(Self.completion("start", "") == .vmsAndLabs)
    #expect(Self.completion("start", "web", "d") == .vmsAndLabs)
    #expect(Self.completion("status", "") == .vms)
    #expect(Self.completion("status", "web", "") == .nothing)
    #expect(Self.completion("up", "--profile", "") == .profiles)
    #expect(Self.completion("up", "--file", "") == .files)
    #expect(Self.completion("up", "--image", "") == .imagesAndFiles)
    #expect(Self.completion("up", "--name", "") == .nothing)
    #expect(Self.completion("image", "rm", "") == .images)
    #expect(Self.completion("job", "cancel", "") == .jobs)
    #expect(Self.completion("up", "--restart", "") == .vmsAndLabs)
  }

  @Test("A line that makes no sense offers nothing, and does no harm")
  func nonsense() {
    #expect(Self.words("frobnicate", "") == [])
    #expect(Self.words("ls", "a", "b", "") == [])
    #expect(Self.words("up", "--", "--", "=", "") == [])
    #expect(Self.words("image") == ["image"])
  }
}

@Suite("Manual pages") struct ManualPageTests {
  @Test("There is one for the program and each command, with every option in it")
  func pages() throws {
    let pages = ManualPage.all(VerbTable.verbs, version: "1.0.0", date: "2026-11-28")
    #expect(pages.count == VerbTable.verbs.count + 1)
    #expect(Set(pages.map(\.name)).count == pages.count)
    let up = try #require(pages.first { $0.name == "qemuvm-up" })
    for option in Up.allOptions {
      #expect(up.text.contains(ManualPage.escaped(option.declaration.written)), "\(option.declaration.name)")
    }
    #expect(pages.allSatisfy { $0.text.utf8.allSatisfy { $0 < 128 } })
  }

  @Test(
    "Each character stands for itself",
    arguments: [
      (".TH", "\\&.TH"), ("'qemuvm ls'", "\\(aqqemuvm ls\\(aq"), ("a\\b", "a\\(rsb"),
      ("--json", "\\-\\-json"),
      ("VM…", "VM\\[u2026]"), ("^]", "\\(ha]"), ("a\nb", "a b"),
    ])
  func escapes(text: String, roff: String) {
    #expect(ManualPage.escaped(text) == roff)
  }
}
