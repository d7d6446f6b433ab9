internal import Control
internal import Host
internal import Machine

extension Preparation {
  /// The processes that a machine's devices need, as they are started; throws what a person should read where one cannot
  /// be.
  ///
  /// One that is only shown may be missing. It blocks.
  func helpers(
    of machine: Machine, in folder: VMFolder, _ origins: Origins, isShown: Bool
  ) throws(ControlError) -> [HelperDeclaration] {
    var declarations: [HelperDeclaration] = []
    for helper in machine.helpers {
      let path = helper.socket
      if !isShown, path.utf8.count > UnixSocket.longestPath {
        throw .cannot(
          "start", machine.name,
          """
          \(helper.key): the path of its socket has \(path.utf8.count) bytes, and a socket's has \
          \(UnixSocket.longestPath) at most: \(path)
          """,
          advice: Self.place(helper.key, origins) + [
            "Give the VM or its lab a shorter name, or name a shorter state folder with QEMUVM_STATE_DIR."
          ])
      }
      let declaration = HelperDeclaration(
        helper, in: folder.helper(helper.name), environment: environment)
      if let declaration {
        declarations.append(declaration)
      } else if !isShown {
        throw .cannot(
          "start", machine.name, "\(helper.key): '\(helper.program.name)' is not found in PATH", .file,
          advice: Self.place(helper.key, origins) + [helper.program.advice])
      }
    }
    return declarations
  }
}
