internal import Control
internal import Host
internal import JSON
internal import Machine

/// The lab file that a command works on, with those that lie over it: named by `--file`, or `qemuvm.json5` in the
/// working directory or the nearest folder above it.
struct CurrentLab: Sendable {
  static let defaultName = "qemuvm.json5"

  /// The variables that stand beside the lab file.
  static let variables = ".env"

  /// The first file's absolute path, through no link to its folder: one file has one path, by which its lab is known.
  let path: String

  /// The path as messages show it: what the person gave.
  let shownPath: String
  private let texts: [LabSource.Text]
  private let environment: [String: String]

  /// The folder that relative paths in the file stand on.
  var directory: String { FileSystem.parent(of: path) }

  /// The files named, which must be there, or the customary one where it is.
  static func find(_ files: [String], in context: Context) throws(CommandFailure) -> CurrentLab? {
    var texts: [LabSource.Text] = []
    for file in files {
      let text = try text(file, in: context) { path throws(SystemError) in
        try FileSystem.read(path, waits: true)
      }
      if let text { texts.append(text) }
    }
    if files.isEmpty, let text = try customary(in: context) { texts.append(text) }
    guard let first = texts.first else { return nil }
    return CurrentLab(
      path: first.path, shownPath: first.shown, texts: texts, environment: context.environment)
  }

  /// The customary file, also of a folder above.
  private static func customary(in context: Context) throws(CommandFailure) -> LabSource.Text? {
    var shown = defaultName
    var folder = FileSystem.currentDirectory
    while true {
      let found = try text(shown, in: context) { path throws(SystemError) in
        try FileSystem.readIfPresent(path)
      }
      if found != nil || folder == "/" { return found }
      folder = FileSystem.parent(of: folder)
      shown = "../" + shown
    }
  }

  private static func text(
    _ shown: String, in context: Context, read: (String) throws(SystemError) -> [UInt8]?
  ) throws(CommandFailure) -> LabSource.Text? {
    do throws(SystemError) {
      return try read(shown).map {
        LabSource.Text(path: path(of: context.absolute(shown)), shown: shown, bytes: $0)
      }
    } catch {
      throw CommandFailure(.usage, shown, "cannot be read: \(error.reason)")
    }
  }

  private static func path(of given: String) -> String {
    let folder = FileSystem.parent(of: given)
    // The file was read, so its folder is there; where it cannot be resolved, the person's own path is as good.
    guard let resolved = try? FileSystem.resolved(folder) else { return given }
    let name = given.dropFirst(folder.count).drop { $0 == "/" }
    return resolved == "/" ? "/\(name)" : "\(resolved)/\(name)"
  }

  /// All files of the lab; throws what is no JSON5, and what cannot be included.
  private func source(_ variables: Variables) throws(DefinitionError) -> LabSource {
    try LabSource(texts, variables: variables) { path, shown throws(LabSource.Unreadable) in
      do throws(SystemError) {
        return LabSource.Text(path: Self.path(of: path), shown: shown, bytes: try FileSystem.read(path))
      } catch {
        throw LabSource.Unreadable(error.reason)
      }
    }
  }

  /// Its definitions, or every problem of the files.
  ///
  /// They name what is run: a file that somebody else has a hand in is refused.
  func definitions(in context: Context) throws -> LabFile {
    let (variables, problems) = variables()
    let source = try source(variables)
    var files = source.paths
    if source.hasVariables {
      guard problems.isEmpty else { throw DefinitionError(problems) }
      files.append("\(directory)/\(Self.variables)")
    }
    for file in files {
      do throws(UntrustedFile) {
        try context.locations.requireTrust(in: file)
      } catch {
        throw CommandFailure(error, context)
      }
    }
    return try LabFile(source, defaultLab: defaultLab)
  }

  /// Its names alone, which is all that a verb needs for finding VMs: a definition that is wrong hinders no `stop`.
  func outline() throws(CommandFailure) -> LabOutline {
    do throws(DefinitionError) {
      return try LabOutline(try source(variables().values), defaultLab: defaultLab)
    } catch {
      throw CommandFailure(
        .usage, error.problems.first?.origin.map { "\($0)" }, error.problems.first?.sentence ?? "\(error)",
        hints: ["A VM named with its lab, as lab/name, is found without the file."])
    }
  }

  /// What the environment has, and the file beside the lab file, with what is wrong with that.
  private func variables() -> (values: Variables, problems: [Problem]) {
    let folder = FileSystem.parent(of: shownPath)
    let shown = folder == "." ? Self.variables : "\(folder)/\(Self.variables)"
    var below: [String: String] = [:]
    var problems: [Problem] = []
    do {
      let bytes = try FileSystem.readIfPresent("\(directory)/\(Self.variables)")
      below = try bytes.map { try EnvironmentFile(parsing: $0, file: shown).values } ?? [:]
    } catch let error as DefinitionError {
      problems = error.problems
    } catch let error as SystemError {
      problems = [Problem(.invalid("\(shown) cannot be read: \(error.reason)"), path: "", origin: nil)]
    } catch {
      problems = [Problem(.invalid("\(shown): \(error)"), path: "", origin: nil)]
    }
    return (Variables(environment: environment, below: below, file: shown), problems)
  }

  private var defaultLab: String { FileSystem.name(of: directory) }
}

extension Problem {
  /// What is wrong, with the way to it, and without its place.
  fileprivate var sentence: String {
    path.isEmpty ? "\(reason)" : "\(path): \(reason)"
  }
}
