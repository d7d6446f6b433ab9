/// What the reader makes of a document: plain values, or values that know where they stand.
protocol JSONBuilder {
  associatedtype Value
  /// What is remembered of where a value or key begins.
  associatedtype Place
  /// An object that is still being read.
  associatedtype Members

  init(text: JSONText)

  /// The place of an offset; asked for in the order of the text.
  mutating func place(of offset: Int) -> Place

  func scalar(_ scalar: JSONScalar, at place: Place) -> Value
  func array(_ elements: [Value], at place: Place) -> Value
  func object(_ members: Members, at place: Place) -> Value

  func noMembers() -> Members
  func contains(_ key: String, in members: Members) -> Bool
  func append(_ key: String, at place: Place, value: Value, to members: inout Members)
}
