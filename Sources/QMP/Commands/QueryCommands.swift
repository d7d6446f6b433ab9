package import JSON

/// The names of the commands that a server knows.
///
/// QEMU: `query-commands`, since 0.13.
package struct QueryCommands: QMPCommand {
  package static let name = "query-commands"

  package init() {}

  package struct Reply: JSONDecodable, Sendable, Equatable {
    package let names: Set<String>

    package init(json: JSONValue) throws(JSONTypeError) {
      let commands = try [JSONObject](json: json)
      var names: Set<String> = []
      for command in commands { names.insert(try command.required("name")) }
      self.names = names
    }
  }
}
