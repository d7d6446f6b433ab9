/// The ledger's files: the one that grows, and the older ones that it was before it was rotated.
package struct LedgerFiles: Sendable, Equatable {
  package let folder: String

  /// A file that would grow past this is rotated, in bytes.
  package let sizeLimit: Int64

  /// How many old files stay.
  package let keptCount: Int

  package init(folder: String, sizeLimit: Int64 = 10 << 20, keptCount: Int = 3) {
    self.folder = folder
    self.sizeLimit = sizeLimit
    self.keptCount = keptCount
  }

  /// The file that grows.
  package var current: String { folder + "/ledger.jsonl" }

  /// An old one, 1 the youngest.
  package func old(_ number: Int) -> String { "\(folder)/ledger.\(number).jsonl" }

  /// All that there may be.
  var newestFirst: [String] { [current] + (0..<keptCount).map { old($0 + 1) } }
}
