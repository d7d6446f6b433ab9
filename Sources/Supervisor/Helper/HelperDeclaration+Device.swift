internal import Glibc
internal import Host
internal import JSON
internal import Machine

// A helper of a VM: what its device declares, and how a later supervisor knows one that it finds.
extension HelperDeclaration {
  /// When one dies that is started again, it is at once, and more and more slowly.
  fileprivate static let again = RestartPolicy(
    mode: .always, delay: .milliseconds(10), maxDelay: .seconds(2), resetAfter: .seconds(10))

  /// That of a device's helper in a folder of the VM's; nil where the host has no such program.
  init?(_ helper: DeviceHelper, in folder: String, environment: [String: String]) {
    guard let program = helper.program.find(environment) else { return nil }
    self.init(
      helper.title, folder: folder, program: program, arguments: helper.arguments,
      markCount: helper.arguments.count, death: Death(helper.death))
    socket = helper.socket
    readiness = helper.readyFile.map { .path($0) } ?? .atOnce
    files = [record]
  }

  /// What tells a later supervisor which process was started here.
  private var record: File {
    let words = ([program] + arguments).map { JSONValue.string($0) }
    let json: JSONObject = ["title": .string(title), "command": .array(words)]
    return File(Self.recordName, Array((JSONValue.object(json).pretty() + "\n").utf8))
  }

  private static let recordName = "helper.json"

  /// One that an earlier supervisor has started in a folder, as it is recorded there; nil where nothing is.
  ///
  /// Until it is declared anew its end ends the VM. It blocks.
  static func recorded(in folder: String) -> HelperDeclaration? {
    // What cannot be read is nobody's.
    guard let bytes = try? FileSystem.readIfPresent(folder + "/" + recordName),
      let json = try? JSONValue(parsing: bytes), let title = json["title"]?.string,
      let words = json["command"]?.array?.compactMap(\.string), let program = words.first
    else { return nil }
    return HelperDeclaration(
      title, folder: folder, program: program, arguments: Array(words.dropFirst()),
      markCount: words.count - 1, death: .endOwner)
  }
}

extension HelperDeclaration.Death {
  fileprivate init(_ death: DeviceHelper.Death) {
    self =
      switch death {
      case .endOwner: .endOwner
      case .startAgain: .startAgain(HelperDeclaration.again)
      case .goOn: .goOn
      }
  }
}

extension DeviceHelper.Program {
  /// Where it lies; nil where it is missing.
  func find(_ environment: [String: String]) -> String? {
    let folders = (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
    return (folders.map { "\($0)/\(name)" } + places).first { access($0, X_OK) == 0 }
  }
}
