internal import Control
internal import Host

/// `qemuvm generate man`: manual pages.
struct GenerateManual: Verb {
  static let name = "generate man"
  static let group = VerbGroup.configure
  static let farPart = FarPart.none
  static let summary = "Write the manual pages into a folder"
  static let discussion = [
    "One page for the program and one for each command, as qemuvm-up.1; 'man qemuvm-up' shows it from a folder man1 of "
      + "MANPATH."
  ]
  static let examples = ["qemuvm generate man /usr/local/share/man/man1"]
  static let arguments = [
    ArgumentDeclaration(
      "DIR", .one, help: "The folder.", completion: .folders)
  ]

  private let folder: String

  init(_ given: GivenArguments) {
    folder = given.words[0]
  }

  func run(_ context: Context) throws -> ExitCode {
    let folder = context.absolute(folder)
    guard FileSystem.isDirectory(folder) else {
      throw CommandFailure(.failed, folder, "is no folder", hints: ["mkdir -p \(folder)"])
    }
    let pages = ManualPage.all(
      VerbTable.verbs, version: "\(qemuvmVersion)", date: String(Timestamp.now.rfc3339.prefix(10)))
    for page in pages {
      try FileSystem.replace(
        "\(folder)/\(page.name).1", with: Array(page.text.utf8), mode: 0o644, durable: false)
    }
    context.diagnostics.note("\(folder): \(pages.count) pages\n")
    return .done
  }
}
