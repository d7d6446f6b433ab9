internal import JSON

/// The key `smbios`: what the guest reads of its machine in the SMBIOS tables, where `dmidecode` shows it.
///
/// The members are those of the table "System"; those of other tables stand in an object each.
package struct SMBIOSSetting: Sendable, Equatable {
  /// One of the tables that QEMU fills in from texts (QEMU: `-smbios type=`).
  package struct Table: Sendable, Equatable {
    package let type: Int
    /// The member of the key that holds it; nil for the table whose members stand in the key itself.
    let member: String?
    /// Each text's name, which is QEMU's as well.
    let names: [String]

    static let system = Table(
      type: 1, member: nil, names: ["manufacturer", "product", "version", "serial", "sku", "family"])
    static let others = [
      Table(type: 0, member: "bios", names: ["vendor", "version", "date"]),
      Table(
        type: 2, member: "baseBoard",
        names: ["manufacturer", "product", "version", "serial", "asset", "location"]),
      Table(
        type: 3, member: "chassis", names: ["manufacturer", "version", "serial", "asset", "sku"]),
    ]
  }

  /// The texts of one table, in the table's order.
  package struct Entry: Sendable, Equatable {
    package let table: Table
    package let texts: [(name: String, value: String)]

    package static func == (left: Entry, right: Entry) -> Bool {
      left.table == right.table && left.texts.elementsEqual(right.texts, by: ==)
    }
  }

  package var entries: [Entry]
  /// Texts of the maker's own, table 11.
  package var oemStrings: [String]
}

extension SMBIOSSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> SMBIOSSetting? {
    guard var reader = ObjectReader(node) else { return nil }
    reader.refuse("uuid", because: "the key 'uuid' of the VM decides it")
    var entries = [entry(.system, &reader)]
    for table in Table.others {
      guard let member = table.member else { continue }
      let entry: Entry?? = reader.read(member) { node in
        guard var inner = ObjectReader(node) else { return nil }
        defer { inner.finish() }
        return Self.entry(table, &inner)
      }
      entries.append(entry ?? nil)
    }
    let strings: [String]? = reader.read("oemStrings") { node in
      guard let elements = node.elements else { return node.wrongType(expected: "a list of texts") }
      return elements.compactMap { $0.nonEmptyText(expected: "a text") }
    }
    reader.finish()
    return SMBIOSSetting(entries: entries.compactMap { $0 }, oemStrings: strings ?? [])
  }

  /// The texts of a table; nil when there are none.
  private static func entry(_ table: Table, _ reader: inout ObjectReader) -> Entry? {
    var texts: [(name: String, value: String)] = []
    for name in table.names {
      if let text = reader.read(name, { $0.nonEmptyText(expected: "a text") }) { texts.append((name, text)) }
    }
    return texts.isEmpty ? nil : Entry(table: table, texts: texts)
  }

  var json: JSONValue {
    var object = JSONObject()
    for entry in entries {
      let texts = JSONObject(entry.texts.map { ($0.name, .string($0.value)) })
      if let member = entry.table.member {
        object[member] = .object(texts)
      } else {
        for (name, value) in texts { object[name] = value }
      }
    }
    if !oemStrings.isEmpty { object["oemStrings"] = .array(oemStrings.map { .string($0) }) }
    return .object(object)
  }
}

extension UUID: DefinitionValue {
  static func read(_ node: DefinitionNode) -> UUID? {
    guard let text = node.nonEmptyText(expected: "a UUID") else { return nil }
    guard let uuid = UUID(text) else {
      return node.wrong(
        "'\(text.clipped)' is not a UUID; write one such as '123e4567-e89b-42d3-a456-426614174000'")
    }
    guard uuid.high != 0 || uuid.low != 0 else {
      return node.wrong("a UUID of zeros tells no VM from another")
    }
    return uuid
  }

  var json: JSONValue { .string(description) }
}
