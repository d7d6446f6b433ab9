internal import JSON

/// Turns the bytes that come from a client into requests.
///
/// Owned by one server session's stream, and used on its queue.
package final class QMPRequestReader {
  /// What a client sent.
  package enum Input: Sendable, Equatable {
    /// A request of that many bytes.
    case request(QMPRequest, size: Int)
    case malformed(QMPRequest.Malformed)

    /// A message without an end; nothing after it is read.
    case tooLong(limit: Int)
  }

  private var splitter: QMPRequestSplitter
  private var isDeaf = false

  package init(limit: Int) {
    splitter = QMPRequestSplitter(limit: limit)
  }

  /// Takes the next bytes and hands out what they complete, in order.
  package func read(_ bytes: UnsafeRawBufferPointer, input: (Input) -> Void) {
    guard !isDeaf else { return }
    do throws(QMPRequestSplitter.MessageTooLong) {
      try splitter.feed(bytes) { input(Self.input($0)) }
    } catch {
      isDeaf = true
      input(.tooLong(limit: error.limit))
    }
  }

  private static func input(_ message: [UInt8]) -> Input {
    let json: JSONValue
    do throws(JSONSyntaxError) {
      json = try JSONValue(parsing: message)
    } catch {
      return .malformed(QMPRequest.Malformed(error))
    }
    do throws(QMPRequest.Malformed) {
      return .request(try QMPRequest(json: json), size: message.count)
    } catch {
      return .malformed(error)
    }
  }
}
