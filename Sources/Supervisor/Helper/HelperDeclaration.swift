internal import Host
package import Machine

/// What a helper is: a process beside QEMU that a VM or a network needs.
///
/// Data of whoever needs it. It lives like QEMU: in a session of its own, with the lock of its folder at descriptor 3,
/// by which a later supervisor finds it.
package struct HelperDeclaration: Sendable, Equatable {
  /// What its end means to those that it serves.
  package enum Death: Sendable, Equatable {
    /// It is started again, by the policy; they go on meanwhile.
    case startAgain(RestartPolicy)

    /// They go on without it.
    case goOn

    /// They end, for that reason.
    case endOwner
  }

  /// A file that is written before it starts.
  package struct File: Sendable, Equatable {
    package let name: String
    package let bytes: [UInt8]

    package init(_ name: String, _ bytes: [UInt8]) {
      (self.name, self.bytes) = (name, bytes)
    }
  }

  /// For a person: `the switch of shop/backend`.
  package let title: String

  /// A folder of its own, for its lock, its log and its files.
  package let folder: String
  package let program: String
  package let arguments: [String]

  /// How many of the arguments tell one of its kind from whatever else may have its lock.
  package let markCount: Int

  /// Written before each start, into its folder; other files of their endings there go.
  package var files: [File] = []

  /// Where it listens: made before its start, and handed to it at `DeviceHelper.socketDescriptor`; nil where it makes its
  /// sockets itself.
  package var socket: String?
  package var readiness = ProcessReadiness.atOnce

  /// How long it may take to be ready.
  package var readyTime = Duration.seconds(10)
  package var teardown = Teardown.signals
  package var death: Death

  package init(
    _ title: String, folder: String, program: String, arguments: [String], markCount: Int, death: Death
  ) {
    self.title = title
    self.folder = folder
    self.program = program
    self.arguments = arguments
    self.markCount = markCount
    self.death = death
  }

  /// Where the files of one are worked on, by its folder.
  static func lane(_ folder: String) -> String { "the files in \(folder)" }

  package var lock: String { folder + "/lock" }
  package var log: String { folder + "/log" }

  /// Whether a command line, the program first, is that of one of its kind.
  package func isKind(_ words: [String]) -> Bool {
    words.dropFirst().starts(with: arguments.prefix(markCount))
  }

  /// Whether it is that of one that was started for the same.
  package func isSame(_ words: [String]) -> Bool { Array(words.dropFirst()) == arguments }
}
