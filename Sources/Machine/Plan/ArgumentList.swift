internal import JSON

/// The words of a QEMU command line while they are put together.
struct ArgumentList {
  private(set) var words: [String] = []

  mutating func add(_ option: String) { words.append(option) }

  /// Adds an option whose value QEMU takes as it is, commas and all.
  mutating func add(_ option: String, verbatim value: String) { words += [option, value] }

  mutating func add(_ option: String, _ value: OptionText) { words += [option, value.text] }

  /// Adds an option whose value QEMU reads as JSON.
  mutating func add(_ option: String, _ json: JSONObject) {
    words += [option, JSONValue.object(json).description]
  }

  mutating func add(verbatim words: [String]) { self.words += words }
}
