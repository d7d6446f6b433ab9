package import Host
internal import JSON
package import Machine

/// Which records are asked for: those of one VM or all, behind a number, and at most so many of the youngest.
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

  /// At most so many, gaps apart, and no more than so many bytes of them: an answer must fit through the control socket.
  package var countLimit = 10_000
  package var byteLimit = 1 << 20

  package init(_ subject: Subject = .everyone, since: Int = 0) {
    self.subject = subject
    self.since = since
  }

  fileprivate var isOfOne: Bool {
    if case .vm = subject { true } else { false }
  }

  func includes(_ record: LedgerRecord) -> Bool {
    switch subject {
    case .everyone: return true
    case .vm(let name, let gaps):
      if case .gap = record.event { return gaps }
      return record.name == name
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
    try visit { record, length in
      guard record.seq > query.since else { return false }
      guard query.includes(record) else { return true }
      if record.name != nil || !query.isOfOne { count += 1 }
      size += length
      guard count <= query.countLimit, size <= query.byteLimit else {
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
  func names(bearing bare: String) throws(SystemError) -> Set<VMName> {
    var names: Set<VMName> = []
    try visit { record, _ in
      if let name = record.name, name.name == bare { names.insert(name) }
      return true
    }
    return names
  }

  /// Goes through the records from the youngest, each once with its length in bytes, until the body says false.
  private func visit(_ body: (LedgerRecord, Int) -> Bool) throws(SystemError) {
    var lowest = Int.max
    for path in files.newestFirst {
      guard var lines = try BackwardLines.open(path) else { continue }
      while let line = try lines.next() {
        guard let record = LedgerRecord(line: line.bytes), record.seq < lowest else { continue }
        lowest = record.seq
        guard body(record, line.bytes.count) else { return }
      }
    }
  }
}
