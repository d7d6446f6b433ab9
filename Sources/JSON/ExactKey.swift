/// A key that is equal to another when their bytes are.
struct ExactKey: Hashable {
  private let key: String

  init(_ key: String) { self.key = key }

  static func == (left: ExactKey, right: ExactKey) -> Bool { left.key.hasSameBytes(as: right.key) }

  func hash(into hasher: inout Hasher) {
    var key = key
    key.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}

extension String {
  /// Whether both are the same code units; `==` alone also holds for "é" written in two ways.
  func hasSameBytes(as other: String) -> Bool {
    // `==` goes first because it is the fast one, and refuses nearly all that differ.
    self == other && utf8.elementsEqual(other.utf8)
  }
}
