internal import Control
internal import Host
internal import JSON
internal import Machine

/// The lab file that a command works on: the one named by `--file`, or `qemuvm.json5` in the working directory.
struct CurrentLab: Sendable {
  static let defaultName = "qemuvm.json5"

  /// Its absolute path, through no link to its folder: one file has one path, by which its lab is known.
  let path: String

  /// The path as messages show it: what the person gave.
  let shownPath: String
  let bytes: [UInt8]

  /// The folder that relative paths in the file stand on.
  var directory: String { FileSystem.parent(of: path) }

  /// The file named, which must be there, or the customary one where it is.
  static func find(_ file: String?, in context: Context) throws -> CurrentLab? {
    let shown = file ?? defaultName
    let bytes: [UInt8]?
    do throws(SystemError) {
      bytes = file == nil ? try FileSystem.readIfPresent(shown) : try FileSystem.read(shown, waits: true)
    } catch {
      throw CommandFailure(.usage, shown, "cannot be read: \(error.reason)")
    }
    return bytes.map { CurrentLab(path: Self.path(of: context.absolute(shown)), shownPath: shown, bytes: $0) }
  }

  private static func path(of given: String) -> String {
    let folder = FileSystem.parent(of: given)
    // The file was read, so its folder is there; where it cannot be resolved, the person's own path is as good.
    guard let resolved = try? FileSystem.resolved(folder) else { return given }
    let name = given.dropFirst(folder.count).drop { $0 == "/" }
    return resolved == "/" ? "/\(name)" : "\(resolved)/\(name)"
  }

  /// Its definitions, or every problem of the file.
  ///
  /// They name what is run: a file that somebody else has a hand in is refused.
  func definitions(in context: Context) throws -> LabFile {
    do throws(UntrustedFile) {
      try context.locations.requireTrust(in: path)
    } catch {
      throw CommandFailure(error, context)
    }
    return try LabFile(parsing: bytes, file: shownPath, defaultLab: defaultLab)
  }

  /// Its names alone, which is all that a verb needs for finding VMs: a definition that is wrong hinders no `stop`.
  func outline() throws -> LabOutline {
    do throws(JSONSyntaxError) {
      return LabOutline(try LocatedJSON(parsing: bytes, dialect: .json5), defaultLab: defaultLab)
    } catch {
      throw CommandFailure(
        .usage, "\(shownPath):\(error.position.line):\(error.position.column)", error.problem.description,
        hints: ["A VM named with its lab, as lab/name, is found without the file."])
    }
  }

  private var defaultLab: String {
    let folder = directory
    return folder.lastIndex(of: "/").map { String(folder[folder.index(after: $0)...]) } ?? folder
  }
}

/// The names in a lab file: the lab's, and its VMs' in their order.
struct LabOutline: Sendable, Equatable {
  let lab: String
  let vms: [String]

  init(lab: String, vms: [String]) {
    self.lab = lab
    self.vms = vms
  }

  /// Takes what can be read; what is wrong with the rest is told when the definitions are wanted.
  init(_ file: LocatedJSON, defaultLab: String) {
    var (lab, vms) = (defaultLab, [String]())
    if case .object(let members) = file.content {
      for member in members {
        switch (member.key, member.value.content) {
        case ("lab", .string(let name)): lab = name
        case ("vms", .object(let entries)): vms = entries.map(\.key)
        default: continue
        }
      }
    }
    self.init(lab: lab, vms: vms)
  }
}
