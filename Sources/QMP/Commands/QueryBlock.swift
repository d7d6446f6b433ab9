package import JSON

/// The guest's disks and drives, each with the image in it.
///
/// QEMU: `query-block`, since 0.14.
package struct QueryBlock: QMPCommand {
  package typealias Reply = [Drive]

  package static let name = "query-block"

  package init() {}

  /// QEMU: `BlockDeviceIoStatus`, since 1.0.
  package enum IOStatus: String, Sendable {
    case ok, failed
    case noSpace = "nospace"
  }

  /// A drive that the guest sees.
  package struct Drive: JSONDecodable, Sendable, Equatable {
    /// The backend's name; empty with `-blockdev`.
    package let device: String

    /// The path or id of the device in the guest; since 2.12.
    package let qdev: String?

    /// What an I/O error did to it; nil when the drive does not watch for errors, or a later version has another word.
    package let ioStatus: IOStatus?

    /// Nil when no medium is in.
    package let inserted: Medium?

    package init(json: JSONValue) throws(JSONTypeError) {
      let members = try JSONObject(json: json)
      device = try members.required("device")
      qdev = try members.optional("qdev")
      let status: String? = try members.optional("io-status")
      ioStatus = status.flatMap(IOStatus.init)
      inserted = try members.optional("inserted")
    }
  }

  /// The image in a drive.
  package struct Medium: JSONDecodable, Sendable, Equatable {
    package let file: String
    package let nodeName: String?
    package let isReadOnly: Bool

    /// The format's driver, such as `qcow2`.
    package let driver: String

    package init(json: JSONValue) throws(JSONTypeError) {
      let members = try JSONObject(json: json)
      file = try members.required("file")
      nodeName = try members.optional("node-name")
      isReadOnly = try members.required("ro")
      driver = try members.required("drv")
    }
  }
}
