package import JSON

/// A command of the monitor for people, where there is none for programs; its reply is a text.
///
/// QEMU: `human-monitor-command`, since 0.14.
package struct HumanMonitorCommand: QMPCommand {
  package static let name = "human-monitor-command"

  package let line: String

  package init(_ line: String) {
    self.line = line
  }

  package var arguments: JSONObject { ["command-line": .string(line)] }

  package struct Reply: JSONDecodable, Sendable, Equatable {
    package let text: String

    package init(json: JSONValue) throws(JSONTypeError) {
      text = try String(json: json)
    }
  }
}
