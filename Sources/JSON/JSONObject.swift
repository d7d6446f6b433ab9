/// The members of a JSON object, in their order and each key once.
///
/// Two objects are equal when they have the same members in any order. Keys are compared by their bytes, as other
/// JSON programs do, and not by Unicode's canonical equivalence, as `String` does.
package struct JSONObject: Sendable {
  package typealias Element = (key: String, value: JSONValue)

  /// Up to this many members a look at each is faster than hashing the key.
  private static let unindexedCount = 16

  fileprivate struct Member {
    let key: String
    var value: JSONValue
  }

  private var members: [Member] = []
  /// Where each key's member is; nil while there are few.
  private var index: [ExactKey: Int]?

  package init() {}

  /// Takes members in their order; of several with one key the last value stays, at the place of the first.
  package init(_ members: some Sequence<(String, JSONValue)>) {
    for (key, value) in members { self[key] = value }
  }

  package var count: Int { members.count }
  package var isEmpty: Bool { members.isEmpty }
  package var keys: [String] { members.map(\.key) }

  /// The value of a key.
  ///
  /// Setting replaces the value in its place or appends a member; setting nil removes the member (a member that is
  /// null is set with `.null`).
  package subscript(key: String) -> JSONValue? {
    get { place(of: key).map { members[$0].value } }
    set {
      switch (place(of: key), newValue) {
      case (let place?, let value?): members[place].value = value
      case (nil, let value?): append(key, value)
      case (let place?, nil): remove(at: place)
      case (nil, nil): break
      }
    }
  }

  func contains(_ key: String) -> Bool { place(of: key) != nil }

  /// Adds a member whose key is known to be new.
  mutating func append(_ key: String, _ value: JSONValue) {
    // One allocation is then enough for nearly every object of QMP.
    if members.isEmpty { members.reserveCapacity(4) }
    members.append(Member(key: key, value: value))
    if index != nil {
      index?[ExactKey(key)] = members.count - 1
    } else if members.count > Self.unindexedCount {
      indexAll()
    }
  }

  private mutating func remove(at place: Int) {
    members.remove(at: place)
    if index != nil { indexAll() }
  }

  private mutating func indexAll() {
    index = Dictionary(uniqueKeysWithValues: members.indices.map { (ExactKey(members[$0].key), $0) })
  }

  private func place(of key: String) -> Int? {
    if let index { return index[ExactKey(key)] }
    return members.firstIndex { $0.key.hasSameBytes(as: key) }
  }
}

extension JSONObject: Sequence {
  package struct Iterator: IteratorProtocol {
    fileprivate var rest: IndexingIterator<[Member]>

    package mutating func next() -> Element? { rest.next().map { ($0.key, $0.value) } }
  }

  package func makeIterator() -> Iterator { Iterator(rest: members.makeIterator()) }
  package var underestimatedCount: Int { members.count }
}

extension JSONObject: Equatable {
  package static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  package init(dictionaryLiteral members: (String, JSONValue)...) { self.init(members) }
}

extension JSONObject: CustomStringConvertible {
  package var description: String { JSONValue.object(self).description }
}
