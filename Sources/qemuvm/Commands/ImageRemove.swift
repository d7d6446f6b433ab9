internal import Control

/// `qemuvm image rm`: forgets images that no VM stands on.
struct ImageRemove: Verb {
  static let name = "image rm"
  static let group = VerbGroup.images
  static let summary = "Remove an image from the store"
  static let discussion = ["One that a VM's disk stands on stays, also a disk that 'qemuvm down' has left."]
  static let examples = ["qemuvm image rm debian-12"]
  static let arguments = [
    ArgumentDeclaration("NAME", .one, help: "The image's name in the store.", completion: .images)
  ]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSupervisor]

  /// The disks of all VMs are looked at before.
  private static let patience: Duration = .seconds(30)

  private let imageName: String

  init(_ given: GivenArguments) {
    imageName = given.words[0]
  }

  func run(_ context: Context) throws -> ExitCode {
    _ = try SupervisorConnector(context: context).ask(
      .imageRemove(name: imageName), deadline: Self.patience)
    return .done
  }
}
