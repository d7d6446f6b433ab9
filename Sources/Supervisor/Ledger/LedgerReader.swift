package import Control
package import Host
internal import JSON
package import Machine

/// Which records are asked for: those of one VM or all, between two numbers, and at most so many of the youngest.
package struct LedgerQuery: Sendable {
  /// Whose records.
  package enum Subject: Sendable {
    case everyone

    /// A VM's alone; with `gaps`, the times without a supervisor as well, in which anything may have happened to it.
    case vm(VMName, gaps: Bool)
  }

  package var subject = Subject.everyone

  /// Only those with a higher number.
  package var since = 0

  /// Only those with a lower number: what an answer has left out is asked for with the number of its first record.
  package var before = Int.max

  /// At most so many, gaps apart, and no more than so many bytes of them, but always one: an answer takes memory in
  /// the supervisor and place in its client's queue.
  package var countLimit = 10_000
  package var byteLimit = 256 << 10

  package init(_ subject: Subject = .everyone, since: Int = 0, before: Int = .max) {
    self.subject = subject
    self.since = since
    self.before = before
  }

  /// The name that every record has that is asked for, but gaps; nil where any is.
  fileprivate var bareName: String? {
    if case .vm(let name, _) = subject { name.name } else { nil }
  }

  fileprivate var isOfOne: Bool {
    if case .vm = subject { true } else { false }
  }

  func includes(_ record: LedgerRecord) -> Bool {
    switch subject {
    case .everyone: return true
    case .vm(let name, let gaps):
      if case .gap = record.event { return gaps }
      return record.name == name.full
    }
  }
}

/// Reads the ledger while it is written.
///
/// Needs nothing of the writer. It goes from the youngest record back, file by file, so a rotation under way shows it
/// a file twice and none too few; the numbers tell. Any thread; it blocks.
package struct LedgerReader: Sendable {
  /// What a query found.
  package struct Page: Sendable {
    /// The oldest first.
    package var records: [LedgerRecord] = []

    /// Whether no older ones were left out.
    package var isComplete = true
  }

  package let files: LedgerFiles

  package init(_ files: LedgerFiles) {
    self.files = files
  }

  package func read(_ query: LedgerQuery) throws(SystemError) -> Page {
    var page = Page()
    var (count, size) = (0, 0)
    try visit(since: query.since, before: query.before, of: query.bareName) { record, length in
      guard query.includes(record) else { return true }
      if record.name != nil || !query.isOfOne { count += 1 }
      size += length
      guard page.records.isEmpty || (count <= query.countLimit && size <= query.byteLimit) else {
        page.isComplete = false
        return false
      }
      page.records.append(record)
      return true
    }
    page.records.reverse()
    return page
  }

  /// Every VM of that bare name that has a record.
  func names(bearing bare: String) throws(SystemError) -> Set<FullName> {
    var names: Set<FullName> = []
    try visit(since: 0, before: .max, of: bare) { record, _ in
      if let name = record.name, name.name == bare { names.insert(name) }
      return true
    }
    return names
  }

  /// How the records leave the last QEMU of each of these VMs, as far as the youngest of them tell.
  ///
  /// The more VMs, the further back: their ends may all have come at once.
  func lastLives(of names: Set<FullName>) throws(SystemError) -> [FullName: LastLife] {
    var lives: [FullName: LastLife] = [:]
    var unknown = names
    var left = Self.fewestRecords + Self.recordsPerVM * names.count
    if unknown.isEmpty { return [:] }
    try visit(since: 0, before: .max) { record, _ in
      left -= 1
      if let name = record.name, unknown.contains(name) {
        lives[name, default: LastLife()].take(record.event)
        if lives[name]?.qemu != nil { unknown.remove(name) }
      }
      return left > 0 && !unknown.isEmpty
    }
    return lives
  }

  /// Among how many records that is looked for: behind the last record of a QEMU come its VM's states alone.
  private static let fewestRecords = 200
  private static let recordsPerVM = 6

  /// Goes through the records from the youngest, each once with its length in bytes, until the body says false.
  ///
  /// With a name it may pass over those of other VMs.
  private func visit(
    since: Int, before: Int, of bare: String? = nil, _ body: (LedgerRecord, Int) -> Bool
  ) throws(SystemError) {
    var lowest = before
    let name = bare.map { Array($0.utf8) }
    for path in files.newestFirst {
      guard var lines = try BackwardLines.open(path) else { continue }
      if before < .max { try lines.skip { line in LedgerRecord.number(of: line).map { $0 < before } } }
      while let line = try lines.next() {
        // Most lines of a long way back are passed over by their first digits, or by their name.
        if let number = LedgerRecord.number(of: line.bytes) {
          if number >= lowest { continue }
          if let name, LedgerRecord.isOfOther(line.bytes, than: name) { continue }
        }
        guard let record = LedgerRecord(line: line.bytes), record.seq < lowest else { continue }
        guard record.seq > since else { return }
        lowest = record.seq
        guard body(record, line.bytes.count) else { return }
      }
    }
  }
}
