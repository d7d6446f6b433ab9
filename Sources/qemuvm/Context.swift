internal import Control
internal import Glibc
internal import Host

/// What a verb runs in: the environment, the working directory, the streams, and when the command began.
struct Context: Sendable {
  let environment: [String: String]
  let locations: Locations
  let output = StandardStream.output
  let diagnostics = StandardStream.diagnostics

  /// How long a supervisor may say nothing.
  let patience: Patience

  /// The other host whose supervisor is meant; nil for this one's.
  var far: FarHost?

  /// When the process began, as near as it can tell: what a command took counts from here.
  let began: Instant

  init(environment: [String], began: Instant = .now, patience: Patience = Patience()) {
    var values: [String: String] = [:]
    for entry in environment {
      guard let equals = entry.firstIndex(of: "=") else { continue }
      values[String(entry[..<equals])] = String(entry[entry.index(after: equals)...])
    }
    self.environment = values
    self.began = began
    self.patience = patience
    locations = Locations(environment: values)
  }

  /// How results look.
  var outputStyle: TextStyle { TextStyle(isTerminal: output.isTerminal, environment: environment) }

  /// How progress looks.
  var diagnosticsStyle: TextStyle { TextStyle(isTerminal: diagnostics.isTerminal, environment: environment) }

  /// Where things lie for this user where no variable says otherwise, as in a service of his.
  var customaryLocations: Locations {
    Locations(environment: environment.filter { $0.key == "HOME" || $0.key == "XDG_RUNTIME_DIR" })
  }

  /// Where this user's own programs are configured, root's too; see XDG's base directories.
  var userConfiguration: String {
    if let folder = environment["XDG_CONFIG_HOME"], folder.hasPrefix("/") { return folder }
    return (environment["HOME"] ?? "/root") + "/.config"
  }

  /// The QEMU that `QEMUVM_QEMU` names, as others can find it; nil when it names none.
  var emulator: String? {
    guard let named = environment["QEMUVM_QEMU"], !named.isEmpty else { return nil }
    return named.contains("/") ? absolute(named) : named
  }

  /// A path that a person gave, as others can find it.
  func absolute(_ path: String) -> String { FileSystem.absolute(path, in: FileSystem.currentDirectory) }
}
