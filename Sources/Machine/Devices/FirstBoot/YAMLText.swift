internal import JSON

/// JSON as every YAML reader takes it: cloud-init's formats are YAML.
///
/// JSON is YAML but for some characters, which YAML does not have in a text or takes for the end of a line; they are
/// written by their numbers. Source: yaml.org/spec/1.2.2, sections 5.1 and 5.4; PyYAML's reader.
enum YAMLText {
  static func text(_ object: JSONObject) -> String {
    var text = ""
    for scalar in JSONValue.object(object).pretty().unicodeScalars {
      switch scalar.value {
      case 0x7F...0xA0, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\n"
  }
}
