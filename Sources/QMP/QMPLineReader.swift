internal import Host
internal import JSON

/// Cuts what comes from a server into lines, and tells them apart by their beginnings; of one that is too long for the
/// memory it would take, it keeps the ends.
///
/// Owned by one connection's stream, and used on its queue.
final class QMPLineReader {
  enum Line {
    /// An event's name and line, and the line's length; only the line's beginning where that is more than the limit.
    case event(name: UnsafeRawBufferPointer, UnsafeRawBufferPointer, length: Int)
    case whole(UnsafeRawBufferPointer)
    case longReply(LongReply)
    case violation(QMPViolation)
  }

  /// A reply that was passed over.
  struct LongReply: Equatable {
    /// The id, if it is a number and stands at one end of the line.
    let id: Int?

    /// All of the line, in bytes.
    let length: Int
  }

  private var splitter: LineSplitter
  private var isBroken = false

  init(limit: Int) {
    splitter = LineSplitter(limit: limit)
  }

  /// Takes the next bytes and hands out each line that they complete, in order, or what breaks the protocol.
  func read(_ bytes: UnsafeRawBufferPointer, line: (Line) -> Void) {
    guard !isBroken else { return }
    splitter.feed(bytes) { text in
      line(Self.line(text))
    } long: { long in
      long.beginning.withUnsafeBytes { line(self.line(long, $0)) }
    }
    // What cannot become a message is not waited for.
    guard let long = splitter.longLine else { return }
    long.beginning.withUnsafeBytes { beginning in
      switch QMPLineKind(beginning) {
      case .event, .reply: break
      case .unnamedEvent, .other:
        isBroken = true
        line(.violation(.lineTooLong(limit: splitter.limit)))
      }
    }
  }

  private static func line(_ text: UnsafeRawBufferPointer) -> Line {
    switch QMPLineKind(text) {
    case .event(let name):
      return .event(name: UnsafeRawBufferPointer(rebasing: text[name]), text, length: text.count)
    case .unnamedEvent where text.count > EventBudget.sizeLimit:
      return .violation(.lineTooLong(limit: EventBudget.sizeLimit))
    case .unnamedEvent, .other: return .whole(text)
    case .reply:
      guard text.count > QMPMessage.valueLimit, hasManyValues(text) else { return .whole(text) }
      return .longReply(LongReply(LineSplitter.LongLine(text)))
    }
  }

  private func line(_ long: LineSplitter.LongLine, _ beginning: UnsafeRawBufferPointer) -> Line {
    switch QMPLineKind(beginning) {
    case .event(let name):
      return .event(
        name: UnsafeRawBufferPointer(rebasing: beginning[name]), beginning, length: long.count)
    case .reply: return .longReply(LongReply(long))
    case .unnamedEvent, .other: return .violation(.lineTooLong(limit: splitter.limit))
    }
  }

  /// Whether a line may hold more values than are taken; each but the first stands behind one of three bytes.
  private static func hasManyValues(_ text: UnsafeRawBufferPointer) -> Bool {
    var count = 1
    for byte in text
    where byte == UInt8(ascii: ",") || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") {
      count += 1
    }
    return count > QMPMessage.valueLimit
  }
}

extension QMPLineReader.LongReply {
  fileprivate init(_ line: LineSplitter.LongLine) {
    length = line.count
    id = Self.id(in: line.end[...], isLast: true) ?? Self.id(in: line.beginning[...], isLast: false)
  }

  /// The number that stands as the id in one end of a line: as the last member, or as the first.
  private static func id(in end: ArraySlice<UInt8>, isLast: Bool) -> Int? {
    let text = String(decoding: end, as: UTF8.self).filter { $0 != " " && $0 != "\r" && $0 != "\r\n" }
    let key = #""id":"#
    if isLast {
      guard text.hasSuffix("}"), let start = text.ranges(of: key).last?.upperBound else { return nil }
      return Int(text[start...].dropLast())
    }
    guard text.hasPrefix("{" + key) else { return nil }
    return Int(text.dropFirst(key.count + 1).prefix { $0.isNumber })
  }
}
