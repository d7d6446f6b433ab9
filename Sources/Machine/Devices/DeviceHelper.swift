/// A process that serves a device, started before QEMU and ended after it.
///
/// Declared in its device's file. It has a folder of its own, for its lock, its log and its socket.
package struct DeviceHelper: Sendable, Equatable {
  /// What its end means to the VM.
  package enum Death: String, Sendable {
    /// The VM ends, for that reason.
    case endOwner

    /// It is started again.
    case startAgain

    /// The VM goes on without it.
    case goOn
  }

  /// A program of the host's, and where it is to be had.
  package struct Program: Sendable, Equatable {
    package let name: String

    /// Where it lies that is in no folder of `PATH`.
    package let places: [String]

    /// Such as `The package swtpm has it.`.
    package let advice: String

    package init(_ name: String, places: [String] = [], advice: String) {
      (self.name, self.places, self.advice) = (name, places, advice)
    }
  }

  /// What it is called in its VM: its folder and what is told of it have that name.
  package let name: String

  /// For a person: `its TPM`.
  package let title: String

  /// The key of its device.
  package let key: String
  package let program: Program
  package let arguments: [String]

  /// Where it listens: made before its start, and handed to it, so that QEMU can connect at once.
  package let socket: String

  /// The file that it makes when it serves; nil of one that does as soon as it is there.
  package let readyFile: String?
  package let death: Death

  /// Its descriptor of that socket.
  package static let socketDescriptor: Int32 = 5
}

extension Machine {
  /// The processes that its devices need.
  package var helpers: [DeviceHelper] { devices.compactMap(\.helper) }
}
