import Glibc
import Host
import JSON
import Machine
import Testing

/// A pair of files beside the tests: a lab file of one VM, and the arguments that are generated from it.
struct Golden: CustomTestStringConvertible {
  let name: String

  var testDescription: String { name }

  private static let folder = FileSystem.parent(of: FileSystem.parent(of: #filePath)) + "/Golden"

  /// Every pair in the folder.
  static let all: [Golden] = {
    let names = (try? FileSystem.names(in: folder)) ?? []  // a test fails when there are none
    return names.filter { $0.hasSuffix(".json5") }.map { Golden(name: String($0.dropLast(6))) }
  }()

  /// Whether the arguments are to be written anew instead of compared.
  static let regenerates = getenv("QEMUVM_REGENERATE") != nil

  func definition() throws -> VMDefinition {
    let text = try FileSystem.read("\(Self.folder)/\(name).json5")
    return try LabFile(parsing: text, file: "\(name).json5", defaultLab: "golden").vms[0]
  }

  private var argumentFile: String { "\(Self.folder)/\(name).argv" }

  /// One argument a line; a line end inside an argument is shown as `\n`.
  func arguments() throws -> String { String(decoding: try FileSystem.read(argumentFile), as: UTF8.self) }

  func write(arguments: String) throws {
    try FileSystem.replace(argumentFile, with: Array(arguments.utf8), mode: 0o644, durable: false)
  }

  static func text(of arguments: [String]) -> String {
    arguments.map {
      $0.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\\n") + "\n"
    }
    .joined()
  }
}
