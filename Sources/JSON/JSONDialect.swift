/// The grammar that a text is read by.
package enum JSONDialect: Sendable {
  /// What programs exchange (RFC 8259).
  case json
  /// What people write: comments, trailing commas, unquoted keys and the rest of <https://spec.json5.org>.
  case json5
}
