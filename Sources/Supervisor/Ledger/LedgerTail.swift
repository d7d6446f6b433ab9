internal import Control
internal import Host
internal import JSON

/// How the ledger ends: what its next writer must know of the writer before.
struct LedgerTail: Equatable {
  /// The last record's number and time; nil when there is none.
  var number: Int?
  var time: Timestamp?

  /// Whether the supervisor before had recorded that it leaves.
  var wasOrderly = false

  /// The host's boot in which that supervisor ran; nil when it cannot be found.
  var boot: String?

  /// Bytes behind the last record that are no record.
  var tornBytes = 0

  /// Where the growing file is to be cut, so that it ends with a whole line; nil when it does, or may be kept.
  var cut: Int64?

  /// Whether the growing file ends inside a line.
  var endsInsideLine = false

  /// How far back the last supervisor's start is looked for, in records.
  private static let searchLimit = 10_000

  /// Reads the files from their end.
  static func read(_ files: LedgerFiles) throws(SystemError) -> LedgerTail {
    var tail = LedgerTail()
    var seen = 0
    for path in files.newestFirst {
      guard var lines = try BackwardLines.open(path) else { continue }
      while let line = try lines.next() {
        // An empty one closes what could not be cut off.
        if line.bytes.isEmpty { continue }
        let record = LedgerRecord(line: line.bytes)
        if !line.isEnded, path == files.current {
          tail.endsInsideLine = true
          if record == nil { tail.cut = line.start }
        }
        guard let record else {
          if tail.number == nil { tail.tornBytes += line.bytes.count + (line.isEnded ? 1 : 0) }
          continue
        }
        seen += 1
        if tail.take(record) || seen == searchLimit { return tail }
      }
    }
    return tail
  }

  /// Takes the next older record; true when nothing older is of interest.
  private mutating func take(_ record: LedgerRecord) -> Bool {
    let isLast = number == nil
    if isLast { (number, time) = (record.seq, record.time) }
    guard case .supervisor(let facts) = record.event else { return false }
    if isLast { wasOrderly = facts.action == .leaving }
    boot = facts.boot
    return true
  }
}

extension LedgerRecord {
  /// Reads a line of the ledger; nil when it is no record: torn, or overwritten.
  init?(line: some Collection<UInt8>) {
    do {
      self = try LedgerRecord(json: JSONValue(parsing: line))
    } catch {
      return nil
    }
  }

  /// The number that a line of the ledger begins with, without a look at the rest; nil when it does not.
  static func number(of line: ArraySlice<UInt8>) -> Int? {
    guard line.starts(with: #"{"seq":"#.utf8) else { return nil }
    let digits = line.dropFirst(7).prefix(17)
    var number: Int?
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { break }
      number = (number ?? 0) * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return number
  }

  /// Whether a line of the ledger is known to be of a VM with another name, without a look at the rest.
  static func isOfOther(_ line: ArraySlice<UInt8>, than name: [UInt8]) -> Bool {
    // Behind the number and the time, in which there is no quotation mark that could mislead.
    let head = line.prefix(120)
    let key = Array(#","name":""#.utf8)
    guard let start = head.firstIndex(where: { $0 == UInt8(ascii: "n") }), start >= head.startIndex + 2,
      line[(start - 2)...].starts(with: key)
    else { return false }
    let found = line[(start - 2 + key.count)...].prefix { $0 != UInt8(ascii: "\"") }
    return !found.elementsEqual(name)
  }

  /// The record as a line of the ledger, its end included.
  var line: [UInt8] {
    var bytes = JSONValue.object(json).bytes()
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }
}
